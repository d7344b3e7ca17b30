package main

import (
	"context"
	"net/http"

	auth "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"github.com/valyala/fasthttp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// health answers gRPC's health checks with what /readyz answers. Watch is not served: Envoy and
// Kubernetes ask.
type health struct {
	grpc_health_v1.UnimplementedHealthServer
	handler fasthttp.RequestHandler
}

func (h *health) Check(
	_ context.Context, q *grpc_health_v1.HealthCheckRequest,
) (*grpc_health_v1.HealthCheckResponse, error) {
	if q.GetService() != "" && q.GetService() != auth.Authorization_ServiceDesc.ServiceName {
		return nil, status.Error(codes.NotFound, "there is no such service")
	}
	var asked fasthttp.Request
	asked.SetRequestURI("/readyz")
	var c fasthttp.RequestCtx
	c.Init(&asked, nobody{}, nil)
	h.handler(&c)
	state := grpc_health_v1.HealthCheckResponse_SERVING
	if c.Response.StatusCode() != http.StatusOK {
		state = grpc_health_v1.HealthCheckResponse_NOT_SERVING
	}
	return &grpc_health_v1.HealthCheckResponse{Status: state}, nil
}
