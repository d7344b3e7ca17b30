package kubernetes

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestSelectors: every object that selects the pods selects them, by the labels that they have.
func TestSelectors(t *testing.T) {
	deployment, service, network := decode[apps.Deployment](t), decode[core.Service](t),
		decode[networking.NetworkPolicy](t)
	labels := deployment.Spec.Template.Labels
	monitor, disruption := decode[monitoring.ServiceMonitor](t), decode[policy.PodDisruptionBudget](t)
	for name, c := range map[string]struct {
		selector *meta.LabelSelector
		labels   map[string]string
	}{
		"Deployment":          {deployment.Spec.Selector, labels},
		"Service":             {&meta.LabelSelector{MatchLabels: service.Spec.Selector}, labels},
		"PodDisruptionBudget": {disruption.Spec.Selector, labels},
		"NetworkPolicy":       {&network.Spec.PodSelector, labels},
		"ServiceMonitor":      {&monitor.Spec.Selector, service.Labels},
		"zones": {deployment.Spec.Template.Spec.TopologySpreadConstraints[0].LabelSelector,
			labels},
		"nodes": {deployment.Spec.Template.Spec.TopologySpreadConstraints[1].LabelSelector,
			labels},
	} {
		selector, err := meta.LabelSelectorAsMap(c.selector)
		if err != nil || len(selector) == 0 {
			t.Errorf("%s selects by %v: %v", name, selector, err)
		}
		for label, value := range selector {
			if c.labels[label] != value {
				t.Errorf("%s selects %s=%s, and there is %v", name, label, value, c.labels)
			}
		}
	}
	if target := decode[autoscaling.HorizontalPodAutoscaler](
		t).Spec.ScaleTargetRef; target.Kind != "Deployment" || target.Name != deployment.Name {
		t.Errorf("the autoscaler scales %v", target)
	}
	if deployment.Spec.Replicas != nil {
		t.Error("the Deployment has a number of replicas: each apply would undo what the autoscaler did")
	}
	from := network.Spec.Ingress[1].From[0]
	if from.NamespaceSelector == nil ||
		from.PodSelector.MatchLabels["app.kubernetes.io/name"] != "prometheus" {
		t.Errorf("the admin port is open to %v", from)
	}
}

// TestPorts: every name of a port is one of the container's, and the configuration listens there.
func TestPorts(t *testing.T) {
	p := newPod(t)
	ports := map[string]int32{}
	for _, port := range p.container.Ports {
		ports[port.Name] = port.ContainerPort
	}
	var named []string
	for _, port := range decode[core.Service](t).Spec.Ports {
		if named = append(named, port.TargetPort.StrVal); port.Port != ports[port.Name] {
			t.Errorf("the Service has %s as %d, the container as %d", port.Name, port.Port, ports[port.Name])
		}
	}
	for _, endpoint := range decode[monitoring.ServiceMonitor](t).Spec.Endpoints {
		named = append(named, endpoint.Port)
	}
	for _, rule := range decode[networking.NetworkPolicy](t).Spec.Ingress {
		named = append(named, rule.Ports[0].Port.StrVal)
	}
	for _, name := range named {
		if ports[name] == 0 {
			t.Errorf("the container has no port %q", name)
		}
	}
	for name, field := range map[string]string{"http": "listen", "admin": "admin"} {
		if got, want := option(t, field), fmt.Sprintf(":%d", ports[name]); got != want {
			t.Errorf("%s: %s, and the container's port is %s", field, got, want)
		}
	}
}

// TestGracePeriod: preStop, drain and the 10 s in which the service ends fit the grace period, and
// the readiness probe fails within drain.
func TestGracePeriod(t *testing.T) {
	const end = 10 * time.Second // README.md, "Run it"
	p := newPod(t)
	drain, err := time.ParseDuration(option(t, "drain"))
	if err != nil {
		t.Fatal(err)
	}
	stop := time.Duration(p.container.Lifecycle.PreStop.Sleep.Seconds) * time.Second
	if grace := time.Duration(*p.spec.TerminationGracePeriodSeconds) * time.Second; stop+drain+
		end >= grace {
		t.Errorf("preStop %v, drain %v and %v more do not fit %v", stop, drain, end, grace)
	}
	probe := p.container.ReadinessProbe
	if notReady := time.Duration(probe.PeriodSeconds*probe.FailureThreshold+probe.TimeoutSeconds) *
		time.Second; notReady >= drain {
		t.Errorf("readiness fails after %v, drain is over after %v", notReady, drain)
	}
}

// TestMemory: GOMEMLIMIT is 80 to 90 % of the container's memory limit.
func TestMemory(t *testing.T) {
	p := newPod(t)
	limit := p.container.Resources.Limits.Memory().Value()
	for _, v := range p.container.Env {
		if n, ok := strings.CutSuffix(v.Value, "MiB"); ok && v.Name == "GOMEMLIMIT" {
			if mib, err := strconv.ParseInt(n, 10, 64); err != nil || mib<<20 > limit*9/10 ||
				mib<<20 < limit*8/10 {
				t.Errorf("GOMEMLIMIT %s of %d bytes, %v", v.Value, limit, err)
			}
			return
		}
	}
	t.Error("there is no GOMEMLIMIT in MiB")
}

// TestHardened: the container may do no more than it needs.
func TestHardened(t *testing.T) {
	p := newPod(t)
	s, c := p.spec.SecurityContext, p.container.SecurityContext
	for name, ok := range map[string]bool{
		"not root":            *s.RunAsNonRoot && *s.RunAsUser > 0,
		"seccomp":             s.SeccompProfile.Type == core.SeccompProfileTypeRuntimeDefault,
		"no more privileges":  !*c.AllowPrivilegeEscalation && !*c.Privileged,
		"files to read alone": *c.ReadOnlyRootFilesystem,
		"no capabilities": len(c.Capabilities.Drop) == 1 && c.Capabilities.Drop[0] == "ALL" &&
			c.Capabilities.Add == nil,
		"no token of an account": !*p.spec.AutomountServiceAccountToken,
		"no service links":       !*p.spec.EnableServiceLinks,
		"the image of site":      p.container.Image == "registry.example/videotoken:1.0.0",
	} {
		if !ok {
			t.Errorf("not so: %s", name)
		}
	}
}

// option returns the value of an option of the configuration that stands on a line of its own.
func option(t *testing.T, name string) string {
	t.Helper()
	text := decode[core.ConfigMap](t).Data["videotoken.yaml"]
	found := regexp.MustCompile(`(?m)^` + name + `: +"?([^" ]+)`).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("the configuration has no %s:\n%s", name, text)
	}
	return found[1]
}

// TestScaling: the autoscaler measures the processors against a request that there is, and neither
// a roll-out nor the drain of a node takes the last pod.
func TestScaling(t *testing.T) {
	scaler, container := decode[autoscaling.HorizontalPodAutoscaler](t).Spec, newPod(t).container
	metrics := scaler.Metrics
	if len(metrics) != 1 || metrics[0].Resource == nil ||
		metrics[0].Resource.Name != core.ResourceCPU ||
		metrics[0].Resource.Target.AverageUtilization == nil {
		t.Errorf("the autoscaler measures %v", metrics)
	}
	if container.Resources.Requests.Cpu().IsZero() || container.Resources.Limits.Cpu().IsZero() {
		t.Errorf("the container asks for %v", container.Resources)
	}
	least, down := *scaler.MinReplicas,
		decode[policy.PodDisruptionBudget](t).Spec.MaxUnavailable.IntValue()
	if down < 1 || int(least)-down < 2 || scaler.MaxReplicas <= least {
		t.Errorf("%d to %d pods, of which %d may be down", least, scaler.MaxReplicas, down)
	}
	if u := decode[apps.Deployment](t).Spec.Strategy.RollingUpdate; u == nil ||
		u.MaxUnavailable.IntValue() != 0 {
		t.Errorf("a roll-out is %v", u)
	}
}
