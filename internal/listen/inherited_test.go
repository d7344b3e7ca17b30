package listen_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"videotoken/internal/listen"
)

// asChild has the test's binary take over sockets, as a process of its own.
const asChild = "VIDEOTOKEN_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(asChild) != "" {
		takeOver()
		return
	}
	os.Exit(m.Run())
}

// takeOver prints what was handed over, and answers one connection at each socket with its name.
func takeOver() {
	if os.Getenv("LISTEN_PID") == "self" { // systemd knows the child's id, and a test does not
		_ = os.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid()))
	}
	sockets, err := listen.Inherited()
	fmt.Println(len(sockets), err,
		os.Getenv("LISTEN_PID")+os.Getenv("LISTEN_FDS")+os.Getenv("LISTEN_FDNAMES"))
	for _, s := range sockets {
		c, err := s.Accept()
		if err != nil {
			fmt.Println(err)
			return
		}
		_, _ = io.WriteString(c, s.Name)
		_ = c.Close()
		_ = s.Close()
	}
}

// child starts a child with descriptors from 3 on.
func child(tb testing.TB, files []*os.File, env ...string) (*exec.Cmd, *bytes.Buffer) {
	tb.Helper()
	cmd := exec.Command(os.Args[0])
	out := new(bytes.Buffer)
	cmd.Env = append(append(os.Environ(), asChild+"=1"), env...)
	cmd.ExtraFiles, cmd.Stdout, cmd.Stderr = files, out, os.Stderr
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	return cmd, out
}

func file(tb testing.TB, of interface{ File() (*os.File, error) }) *os.File {
	tb.Helper()
	f, err := of.File()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = f.Close() })
	return f
}

// TestInherited: sockets come with their names, in their order, are accepted from, and are still
// the parent's afterwards.
func TestInherited(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	tcp, unix := open(t, "127.0.0.1:0").(*net.TCPListener), open(t, "unix:"+path).(*net.UnixListener)
	cmd, out := child(t, []*os.File{file(t, tcp), file(t, unix)}, "LISTEN_PID=self", "LISTEN_FDS=2",
		"LISTEN_FDNAMES=web:admin")
	for _, c := range []struct {
		network, address, name string
	}{{"tcp", tcp.Addr().String(), "web"}, {"unix", path, "admin"}} {
		conn, err := net.Dial(c.network, c.address)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(conn); err != nil || string(got) != c.name {
			t.Errorf("%s: %q, %v", c.network, got, err)
		}
	}
	if err := cmd.Wait(); err != nil || out.String() != "2 <nil> \n" {
		t.Errorf("%v, %q", err, out)
	}
	if !connects("tcp", tcp.Addr().String()) || !connects("unix", path) {
		t.Error("the parent's sockets ended with the child")
	}
}

// TestNotInherited: what is for another process, and what is no listening socket.
func TestNotInherited(t *testing.T) {
	tcp := open(t, "127.0.0.1:0").(*net.TCPListener)
	conn, err := net.Dial("tcp", tcp.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	null, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_SEQPACKET, 0)
	if err != nil {
		t.Fatal(err)
	}
	packets := os.NewFile(uintptr(fd), "packets")
	defer packets.Close()
	if err := errors.Join(
		syscall.Bind(fd, &syscall.SockaddrUnix{Name: filepath.Join(t.TempDir(), "s")}),
		syscall.Listen(fd, 1)); err != nil {
		t.Fatal(err)
	}
	connected, datagrams := file(t, conn.(*net.TCPConn)), file(t, udp.(*net.UDPConn))
	for _, c := range []struct {
		name  string
		files []*os.File
		env   string
		want  string
	}{
		{"nothing", nil, "", "0 <nil> "},
		{"another process", []*os.File{file(t, tcp)}, "LISTEN_PID=1 LISTEN_FDS=1", "0 <nil> "},
		{"no process", []*os.File{file(t, tcp)}, "LISTEN_FDS=1", "0 <nil> "},
		{"no descriptors", nil, "LISTEN_PID=self LISTEN_FDS=0", "0 <nil> "},
		{"no number", nil, "LISTEN_PID=self LISTEN_FDS=x",
			`0 LISTEN_FDS="x": must be a number from 0 to 1024 `},
		{"too many", nil, "LISTEN_PID=self LISTEN_FDS=1025", `0 LISTEN_FDS="1025": must be`},
		{"names of another number", []*os.File{file(t, tcp)},
			"LISTEN_PID=self LISTEN_FDS=1 LISTEN_FDNAMES=a:b", `0 LISTEN_FDNAMES="a:b": must have 1 names`},
		{"a connection", []*os.File{connected}, "LISTEN_PID=self LISTEN_FDS=1 LISTEN_FDNAMES=a",
			`0 the socket 3 that was handed over, "a": it is no stream socket that listens`},
		{"datagrams", []*os.File{file(t, tcp), datagrams}, "LISTEN_PID=self LISTEN_FDS=2",
			`0 the socket 4 that was handed over, "": it is no stream`},
		{"packets", []*os.File{packets}, "LISTEN_PID=self LISTEN_FDS=1",
			`0 the socket 3 that was handed over, "": it is no stream`},
		{"a file", []*os.File{null}, "LISTEN_PID=self LISTEN_FDS=1", `0 the socket 3`},
		{"closed", nil, "LISTEN_PID=self LISTEN_FDS=900", `0 the socket `},
	} {
		cmd, out := child(t, c.files, strings.Fields(c.env)...)
		if err := cmd.Wait(); err != nil || !strings.HasPrefix(out.String(), c.want) {
			t.Errorf("%s: %v, %q", c.name, err, out)
		}
	}
}
