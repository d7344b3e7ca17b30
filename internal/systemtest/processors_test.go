package systemtest

import (
	"net/http"
	"testing"
)

// TestProcessors: on one processor, and on all, every request is answered while the collector runs
// without a pause, for which loops have to stop, and let everything else have its turn.
func TestProcessors(t *testing.T) {
	for name, processors := range map[string]string{"one": "1", "all": ""} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("GOMAXPROCS", processors)
			p := start(t)
			stop, collections := make(chan struct{}), make(chan int)
			go func() {
				for n := 0; ; n++ {
					select {
					case <-stop:
						collections <- n
						return
					default:
					}
					res, err := http.Get("http://" + p.admin + "/debug/pprof/heap?gc=1")
					if err != nil {
						t.Error(err)
						continue
					}
					_ = res.Body.Close()
				}
			}()
			load(t, connect(t, p.addr, 50), 200)
			close(stop)
			if n := <-collections; n == 0 {
				t.Error("nothing was collected")
			}
		})
	}
}
