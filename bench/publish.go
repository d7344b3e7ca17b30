package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"videotoken/bench/internal/measure"
	"videotoken/bench/internal/report"
)

// published is a run together with its specification.
type published struct {
	*measure.Measured
	spec    measure.Spec
	profile *profiling // nil without -profile
}

func newFile(flags []string, commit string) *report.File {
	return &report.File{Schema: report.Schema, Time: time.Now(), Commit: commit, Flags: flags,
		Machine: report.ThisMachine()}
}

// measured runs a spec, draws its progress, and keeps every sample if files are to be written.
func measured(ctx context.Context, stderr io.Writer, o *options, spec measure.Spec,
	alive func() error) (*published, error) {
	if o.progress {
		spec.Watch = progress(stderr, spec.Name, spec.Load)
	}
	spec.Keep = o.results && o.out != ""
	var taken *profiling
	if o.profile {
		var err error
		if taken, err = profiled(ctx, &spec); err != nil {
			return nil, err
		}
	}
	m, err := measure.Run(ctx, spec)
	if err := errors.Join(err, alive()); err != nil {
		return nil, err
	}
	if taken != nil {
		if <-taken.done; taken.err != nil { // while the server runs
			return nil, taken.err
		}
	}
	return &published{m, spec, taken}, nil
}

// publish prints a run and adds it to the files. It returns an error if the run failed or is
// invalid.
func publish(stdout io.Writer, o *options, f *report.File, p *published) error {
	report.Print(stdout, p.Result)
	f.Results = append(f.Results, p.Result)
	if o.out != "" {
		if err := files(o, f, p); err != nil {
			return err
		}
		fmt.Fprintf(stdout, "Files: %s\n", filepath.Join(o.out, f.Flags[0]+".{json,html}"))
		if p.profile != nil {
			fmt.Fprintf(stdout, "Profile: %s\n", filepath.Join(o.out, p.Name+".{pprof,flame.html}"))
		}
		fmt.Fprintln(stdout)
	}
	return p.Sound()
}

func files(o *options, f *report.File, p *published) error {
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return fmt.Errorf("-o: %w", err)
	}
	base := filepath.Join(o.out, p.Name)
	err := errors.Join(
		report.WriteHgrm(base+".hgrm", p.Recorder.Latency),
		f.Write(filepath.Join(o.out, f.Flags[0]+".json")),
		f.WritePage(filepath.Join(o.out, f.Flags[0]+".html")),
	)
	if p.Load.Rate > 0 {
		err = errors.Join(err, report.WriteHgrm(base+"-service.hgrm", p.Recorder.Service))
	}
	if p.profile != nil {
		title := fmt.Sprintf("%s at %s, %d connections", p.Name, f.Commit, p.Load.Connections)
		err = errors.Join(err, p.profile.write(o.out, p.Name, title))
	}
	if o.results {
		err = errors.Join(err, report.WriteVegeta(base+".vegeta.gob", p.Name, p.Start,
			p.spec.Target, p.Recorder.Samples))
	}
	return err
}
