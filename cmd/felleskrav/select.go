package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/console"
	"felleskrav/internal/selection"
)

type selectCmd struct {
	Task        []string `short:"t" placeholder:"ID" sep:","`
	Information []string `short:"i" placeholder:"ID" sep:","`
	Model       []string `short:"m" placeholder:"MODEL" sep:","`
	Set         []string `placeholder:"ID" sep:","`
	Flag        []string `placeholder:"FLAG" sep:","`
	Level       []string `placeholder:"DIMENSION=LEVEL:REASON" sep:"none"`
	File        string   `short:"f" placeholder:"FILE"`
	content
	console.Output
}

// Run tells which levels, measures and requirements follow, and why.
func (c *selectCmd) Run(s *session) error {
	format, err := c.Choose("text", "json", "yaml", "csv")
	if err != nil {
		return err
	}
	in, err := c.input(s)
	if err != nil {
		return err
	}
	cat, err := c.load()
	if err != nil {
		return err
	}
	result, err := selection.Select(cat, in)
	if err != nil {
		return err
	}
	switch format {
	case "text":
		return s.Put(c.Output, []byte(s.selectionText(cat, result)))
	case "csv":
		data, err := s.selectionCSV(cat, result)
		if err != nil {
			return err
		}
		return s.Put(c.Output, data)
	}
	return s.PutValue(c.Output, format, result)
}

// input puts the file and the flags together.
func (c *selectCmd) input(s *session) (selection.Input, error) {
	var in selection.Input
	if c.File != "" {
		data, err := s.Read(c.File)
		if err != nil {
			return in, err
		}
		if err := strictYAML(data, &in); err != nil {
			return in, console.UsageOf(err, "cli.select.file", "File", c.File)
		}
	}
	in.Tasks = append(in.Tasks, c.Task...)
	in.InformationTypes = append(in.InformationTypes, c.Information...)
	in.Sets = append(in.Sets, c.Set...)
	for _, m := range c.Model {
		in.DeliveryModels = append(in.DeliveryModels, catalogue.DeliveryModel(m))
	}
	for _, f := range c.Flag {
		in.Flags = append(in.Flags, catalogue.Flag(f))
	}
	for _, l := range c.Level {
		dimension, rest, ok1 := strings.Cut(l, "=")
		level, reason, ok2 := strings.Cut(rest, ":")
		n, err := strconv.Atoi(level)
		if !ok1 || !ok2 || err != nil {
			return in, console.Usage("cli.select.level", "Value", l)
		}
		in.Overrides = append(in.Overrides, selection.Override{Dimension: catalogue.Dimension(dimension), Level: catalogue.Level(n), Reason: reason})
	}
	return in, nil
}

// strictYAML reads YAML, or JSON, into a value by its JSON names and refuses
// names it does not know.
func strictYAML(data []byte, into any) error {
	var v any
	if err := yaml.Unmarshal(data, &v); err != nil {
		return err
	}
	plain, err := json.Marshal(v)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(strings.NewReader(string(plain)))
	dec.DisallowUnknownFields()
	return dec.Decode(into)
}

func (s *session) selectionText(cat *catalogue.Catalogue, r selection.Result) string {
	var b strings.Builder
	level := func(l catalogue.Level) string { return fmt.Sprintf("%d %s", l, s.T("level."+strconv.Itoa(int(l)))) }
	b.WriteString(s.T("cli.select.levels") + "\n")
	for _, d := range r.Levels {
		fmt.Fprintf(&b, "  %-18s %s\n", s.T("dimension."+string(d.Dimension)), level(d.Level))
		for _, o := range d.Origins {
			fmt.Fprintf(&b, "      %s: %s\n", o.Name.In(s.Lang), o.Reason.In(s.Lang))
		}
		if d.Override != nil {
			b.WriteString("      " + s.T("cli.select.override", "Proposed", level(d.Proposed), "Reason", d.Override.Reason) + "\n")
		}
	}
	fmt.Fprintf(&b, "\n%s\n", s.T("cli.select.requirements", "Count", len(r.Requirements)))
	for _, q := range r.Requirements {
		req, _ := cat.Requirement(q.ID)
		fmt.Fprintf(&b, "  %s  %s\n%s\n      %s\n", q.ID, req.Title.In(s.Lang), console.Wrap(req.Text.In(s.Lang), 6), s.why(cat, q))
	}
	fmt.Fprintf(&b, "\n%s\n", s.T("cli.select.measures", "Count", len(r.Measures)))
	for _, m := range r.Measures {
		measure, _ := cat.Measure(m.ID)
		fmt.Fprintf(&b, "  %s  %s (%s)\n", m.ID, measure.Title.In(s.Lang), s.T("carrier."+string(m.Carrier)))
	}
	if len(r.Gaps) > 0 {
		fmt.Fprintf(&b, "\n%s\n", s.T("cli.select.gaps", "Count", len(r.Gaps)))
		for _, g := range r.Gaps {
			measure, _ := cat.Measure(g.Measure)
			fmt.Fprintf(&b, "  %s  %s\n", g.Measure, measure.Title.In(s.Lang))
		}
	}
	return b.String()
}

// why is the chain of reasons for a requirement on one line: the dimensions
// that bring it, the measures it serves, the law behind it.
func (s *session) why(cat *catalogue.Catalogue, q selection.SelectedRequirement) string {
	var parts []string
	for _, t := range q.Triggers {
		parts = append(parts, s.T("cli.select.trigger", "Dimension", strings.ToLower(s.T("dimension."+string(t.Dimension))), "Level", int(t.Level), "From", int(t.From)))
	}
	parts = append(parts, strings.Join(q.Measures, ", "))
	for _, l := range q.Law {
		src, _ := cat.Source(l.Source)
		parts = append(parts, strings.TrimSpace(src.Name.In(s.Lang)+" "+l.Section))
	}
	return s.T("cli.select.because", "Reasons", strings.Join(parts, "; "))
}

func (s *session) selectionCSV(cat *catalogue.Catalogue, r selection.Result) ([]byte, error) {
	rows := [][]string{{"id", "kind", "type", "title", "text", "reason"}}
	for _, q := range r.Requirements {
		req, _ := cat.Requirement(q.ID)
		rows = append(rows, []string{q.ID, string(q.Kind), string(q.Type), req.Title.In(s.Lang), req.Text.In(s.Lang), s.why(cat, q)})
	}
	return writeCSV(rows)
}
