package console

import (
	"os"
	"strings"

	"github.com/alecthomas/kong"
)

// envName is the environment variable of a flag.
func envName(flag string) string {
	return "FELLESKRAV_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// fromEnv gives a flag its value from the environment.
func (s *Session) fromEnv(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if !flag.Tag.Has("conf") {
		return nil, nil
	}
	name := envName(flag.Name)
	if v := s.Getenv(name); v != "" {
		return v, nil
	}
	if !flag.Tag.Has("secret") {
		return nil, nil
	}
	file := s.Getenv(name + "_FILE")
	if file == "" {
		return nil, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, unreadable{name + "_FILE", err}
	}
	return strings.TrimSpace(string(data)), nil
}

// unreadable is a file that a setting names and that cannot be read.
type unreadable struct {
	what string
	err  error
}

func (u unreadable) Error() string { return u.what + ": " + u.err.Error() }
func (u unreadable) Unwrap() error { return u.err }
