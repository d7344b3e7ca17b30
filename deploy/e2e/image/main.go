// Image takes out of a container image what its builder chose at random, so that two builds of the
// same files have the same digest: buildah 1.28 writes the id and the host name of the container
// that it built in into the configuration of an image in Docker's format.
//
//	image IN.tar OUT.tar
//
// Both files are archives as `docker save` writes them. It prints the digest of the new image: the
// one in a registry after `crane push OUT.tar`.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

func main() {
	if err := run(os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

// tag is the name of the image that `docker load` makes of the archive.
const tag = "localhost/videotoken:latest"

func run(stdout io.Writer, args []string) error {
	if len(args) != 2 {
		return errors.New("usage: image IN.tar OUT.tar")
	}
	built, err := tarball.ImageFromPath(args[0], nil)
	if err != nil {
		return err
	}
	config, err := built.ConfigFile()
	if err != nil {
		return err
	}
	config = config.DeepCopy()
	config.Container, config.Config.Hostname = "", ""
	fixed, err := mutate.ConfigFile(built, config)
	if err != nil {
		return err
	}
	reference, err := name.NewTag(tag)
	if err != nil {
		return err
	}
	if err := tarball.WriteToFile(args[1], reference, fixed); err != nil {
		return err
	}
	written, err := tarball.ImageFromPath(args[1], nil)
	if err != nil {
		return err
	}
	digest, err := written.Digest()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, digest)
	return err
}
