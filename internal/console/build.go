package console

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/alecthomas/kong"
)

// Build is what is known about the program that runs.
type Build struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Time     string `json:"time,omitempty"`
	Modified bool   `json:"modified,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// ReadBuild reads what the linker put into the program.
func ReadBuild() Build {
	b := Build{Version: "devel", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if v := strings.Trim(info.Main.Version, "()"); v != "" {
		b.Version = v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.time":
			b.Time = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

// Line says in one line which program and version it is.
func (b Build) Line(program string) string {
	return fmt.Sprintf("%s %s (%s, %s)\n", program, b.Version, b.Go, b.Platform)
}

// VersionFlag is the flag --version of a program that has no command for it.
type VersionFlag bool

// BeforeReset answers before anything else on the command line is looked at.
func (VersionFlag) BeforeReset(k *kong.Kong) error {
	fmt.Fprint(k.Stdout, ReadBuild().Line(k.Model.Name))
	k.Exit(ExitDone)
	return nil
}
