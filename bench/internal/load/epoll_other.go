//go:build !linux

package load

import "context"

const hasEpoll = false

func (r *run) epoll(ctx context.Context, clock chan<- struct{}) ([]*worker, error) {
	return r.portable(ctx, clock)
}
