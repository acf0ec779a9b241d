package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

type versionCmd struct {
	output
}

// buildInfo is what is known about the program that runs.
type buildInfo struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Time     string `json:"time,omitempty"`
	Modified bool   `json:"modified,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func readBuild() buildInfo {
	b := buildInfo{Version: "devel", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
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

// Run tells which version this is.
func (c *versionCmd) Run(s *session) error {
	format, err := c.choose("text", "json", "yaml")
	if err != nil {
		return err
	}
	b := readBuild()
	if format != "text" {
		return s.putValue(c.output, format, b)
	}
	line := fmt.Sprintf("felleskrav %s (%s, %s)\n", b.Version, b.Go, b.Platform)
	return s.put(c.output, []byte(line))
}
