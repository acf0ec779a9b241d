package main

import (
	"io/fs"
	"os"
	"strings"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/console"
	"felleskrav/requirements"
)

// content says which catalogue content a command uses.
type content struct {
	Requirements string `conf:"" placeholder:"DIR"`
}

func (c content) fs() (fs.FS, error) { return contentAt(c.Requirements) }

func contentAt(dir string) (fs.FS, error) {
	if dir == "" {
		return requirements.FS, nil
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, console.Cannot(err, "cli.file.read", "File", dir)
	}
	if !info.IsDir() {
		return nil, console.Usage("cli.usage.not-folder", "File", dir)
	}
	return os.DirFS(dir), nil
}

func (c content) load() (*catalogue.Catalogue, error) {
	fsys, err := c.fs()
	if err != nil {
		return nil, err
	}
	return catalogue.Load(fsys)
}

type catalogueCmd struct {
	Lint    lintCmd    `cmd:""`
	Show    showCmd    `cmd:""`
	Diff    diffCmd    `cmd:""`
	Publish publishCmd `cmd:""`
}

// version finds a release by reference; without a version it is the newest.
func version(cat *catalogue.Catalogue, ref string) (catalogue.Version, error) {
	set, number, err := catalogue.ParseRef(ref)
	if err != nil {
		return catalogue.Version{}, err
	}
	v, ok := cat.Version(set, number)
	if ok {
		return v, nil
	}
	var known []string
	for _, r := range cat.Releases {
		known = append(known, r.Ref())
	}
	return catalogue.Version{}, console.No("cli.set.unknown", "Ref", ref, "Known", strings.Join(known, ", "))
}
