package subject

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ErrBuild is the error of a revision that cannot be checked out, patched or built.
var ErrBuild = errors.New("cannot build the server")

// Root returns the root directory of the repository that the working directory is in.
func Root(ctx context.Context) (string, error) {
	return git(ctx, ".", "rev-parse", "--show-toplevel")
}

// Commit describes the revision of a directory: its hash, followed by "-dirty" if files differ from
// it.
func Commit(ctx context.Context, dir string) string {
	hash, err := git(ctx, dir, "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")
	if err != nil {
		return "unknown"
	}
	return hash
}

// Hash returns the hash of a revision, as long as Commit's.
func Hash(ctx context.Context, dir, revision string) (string, error) {
	hash, err := git(ctx, dir, "rev-parse", "--verify", "--quiet", "--short=12",
		revision+"^{commit}")
	if err != nil {
		return "", fmt.Errorf("%w: %q is not a revision here: fetch it, or name another", ErrBuild,
			revision)
	}
	return hash, nil
}

// Build builds a package of dir into a binary named out.
func Build(ctx context.Context, dir, pkg, out string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", out, pkg)
	cmd.Dir = dir
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: go build %s in %s: %w\n%s", ErrBuild, pkg, dir, err, text)
	}
	return nil
}

// BuildRevision builds the root package of a revision, with a patch applied unless that is "", into
// a binary named out. The temporary worktree is always removed.
func BuildRevision(ctx context.Context, root, revision, patch, out string) (err error) {
	if _, err := Hash(ctx, root, revision); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "bench-worktree-")
	if err != nil {
		return err
	}
	tree := filepath.Join(dir, "tree")
	defer func() {
		// The context may have ended; the worktree must go all the same.
		_, gitErr := git(context.WithoutCancel(ctx), root, "worktree", "remove", "--force", tree)
		err = errors.Join(err, gitErr, os.RemoveAll(dir))
	}()
	if _, err := git(ctx, root, "worktree", "add", "--detach", tree, revision); err != nil {
		return fmt.Errorf("%w: %w", ErrBuild, err)
	}
	if patch != "" {
		if _, err := git(ctx, tree, "apply", patch); err != nil {
			return fmt.Errorf("%w: %s does not apply to %s: make it anew: %w", ErrBuild, patch,
				revision, err)
		}
	}
	return Build(ctx, tree, ".", out)
}

func git(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return "", fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err,
			strings.TrimSpace(string(exit.Stderr)))
	}
	return strings.TrimSpace(string(out)), err
}
