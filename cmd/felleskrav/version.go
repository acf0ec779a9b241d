package main

import "felleskrav/internal/console"

type versionCmd struct {
	console.Output
}

// Run tells which version this is.
func (c *versionCmd) Run(s *session) error {
	format, err := c.Choose("text", "json", "yaml")
	if err != nil {
		return err
	}
	b := console.ReadBuild()
	if format != "text" {
		return s.PutValue(c.Output, format, b)
	}
	return s.Put(c.Output, []byte(b.Line("felleskrav")))
}
