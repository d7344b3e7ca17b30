//go:build !unix

package transport

import "net"

func descriptorLimit(want int) int { return want }

func limitSendBuffers(net.Listener) {}
