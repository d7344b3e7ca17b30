package stack

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
)

// Scripts returns the folder of hls.min.js, with which a page plays HLS.
func Scripts(root string) (http.Dir, error) {
	dir := filepath.Join(root, "deploy/e2e/web/node_modules/hls.js/dist")
	if _, err := os.Stat(filepath.Join(dir, "hls.min.js")); err != nil {
		return "", fmt.Errorf("hls.js is not installed: run make e2e-install (%w)", err)
	}
	return http.Dir(dir), nil
}
