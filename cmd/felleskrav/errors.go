package main

import (
	"errors"
	"fmt"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/console"
)

// configFaults are everything that is wrong with a configuration.
type configFaults []error

func (f configFaults) Error() string { return errors.Join(f...).Error() }

// tell tells the errors that only this program knows.
func (s *session) tell(p console.Program, err error) (code int, told bool) {
	if faults, ok := errors.AsType[configFaults](err); ok {
		for _, f := range faults {
			s.Report(p, f)
		}
		return console.ExitUsage, true
	}
	if r, ok := errors.AsType[*remoteProblem](err); ok {
		fmt.Fprintln(s.Stderr, p.Name+":", r.text())
		return r.code(), true
	}
	if faults, ok := errors.AsType[catalogue.Faults](err); ok {
		s.tellFaults(faults)
		return console.ExitNo, true
	}
	return 0, false
}

// tellFaults lists what is wrong with catalogue content, one line each.
func (s *session) tellFaults(faults catalogue.Faults) {
	for _, f := range faults {
		fmt.Fprintf(s.Stderr, "%s:%d: %s\n", f.File, f.Line, s.faultText(f))
	}
}

func (s *session) faultText(f catalogue.Fault) string {
	return s.T("catalogue.fault."+f.Key, f.Args)
}
