package web

import (
	"net/url"
	"slices"
	"strings"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/locale"
)

func (w *Web) taskChoices(p *procurementNewPage, chosen []string, t *locale.Texts, form *Form) {
	p.Search = form.field(Field{Name: "q", Label: "page.procurement-new.search-tasks", Value: p.Query, Type: "search", Autocomplete: "off", Plain: true})
	form.take("tasks", t.T("page.procurement-new.step-tasks"))
	groups := map[string][]choice{}
	match := matcher(p.Query, w.taskNames())
	for _, task := range w.Catalogue.Content().Tasks {
		ch := choice{
			ID: fieldID("task-" + task.ID), Name: "task", Value: task.ID, Text: task.Name.In(t.Lang),
			Description: task.Description.In(t.Lang), Checked: slices.Contains(chosen, task.ID),
		}
		hit := match(task.Name, task.Description)
		if hit {
			p.Found++
		}
		switch {
		case p.Query != "" && ch.Checked:
			groups["chosen"] = append(groups["chosen"], ch)
		case hit || p.Query == "":
			g := taskGroup(task)
			groups[g] = append(groups[g], ch)
		}
	}
	for _, g := range []string{"chosen", "municipality", "county", "state", "several", "support"} {
		if len(groups[g]) > 0 {
			p.Groups = append(p.Groups, choiceGroup{Label: "page.procurement-new.group-" + g, Choices: groups[g]})
		}
	}
}

func (w *Web) taskNames() []string {
	var out []string
	for _, t := range w.Catalogue.Content().Tasks {
		out = append(out, t.Name.NB, t.Name.NN, t.Name.EN)
	}
	return out
}

// taskGroup says under which heading a task stands.
func taskGroup(t catalogue.Task) string {
	switch {
	case strings.HasPrefix(t.ID, "stotte."):
		return "support"
	case len(t.Sectors) == 1 && t.Sectors[0] != catalogue.SectorAll:
		return string(t.Sectors[0])
	default:
		return "several"
	}
}

// matcher tells which names fit a search: every word of it stands in the name
// or description, in any of the three languages. A search that fits no name
// is tried once more as the nearest known name, since people mistype.
func matcher(q string, names []string) func(name, description catalogue.Text) bool {
	words := strings.Fields(strings.ToLower(q))
	all := func(words []string, texts ...catalogue.Text) bool {
		for _, x := range texts {
			for _, s := range []string{x.NB, x.NN, x.EN} {
				s = strings.ToLower(s)
				if !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(s, word) }) {
					return true
				}
			}
		}
		return false
	}
	exact := func(name, description catalogue.Text) bool { return all(words, name, description) }
	if len(words) == 0 || slices.ContainsFunc(names, func(n string) bool { return all(words, catalogue.Text{NB: n}) }) {
		return exact
	}
	var single []string
	for _, n := range names {
		single = append(single, strings.Fields(strings.ToLower(n))...)
	}
	near := catalogue.Nearest(strings.ToLower(q), single)
	return func(name, description catalogue.Text) bool {
		return exact(name, description) || slices.ContainsFunc(near, func(n string) bool { return all([]string{n}, name) })
	}
}

func (w *Web) informationChoices(p *procurementNewPage, v url.Values, t *locale.Texts, form *Form) {
	p.Search = form.field(Field{Name: "q", Label: "page.procurement-new.search-information", Value: p.Query, Type: "search", Autocomplete: "off", Plain: true})
	form.take("informationTypes", t.T("page.procurement-new.step-information"))
	brought := map[string]bool{}
	for _, id := range v["task"] {
		if task, ok := w.Catalogue.Content().Task(id); ok {
			for _, i := range task.InformationTypes {
				brought[i] = true
			}
		}
	}
	groups := map[string][]choice{}
	var names []string
	for _, i := range w.Catalogue.Content().InformationTypes {
		names = append(names, i.Name.NB, i.Name.NN, i.Name.EN)
	}
	match := matcher(p.Query, names)
	for _, i := range w.Catalogue.Content().InformationTypes {
		ch := choice{
			ID: fieldID("info-" + i.ID), Name: "info", Value: i.ID, Text: i.Name.In(t.Lang),
			Description: i.Description.In(t.Lang), Checked: brought[i.ID] || slices.Contains(v["info"], i.ID),
		}
		hit := match(i.Name, i.Description)
		if hit {
			p.Found++
		}
		switch {
		case brought[i.ID]:
			groups["brought"] = append(groups["brought"], ch)
		case p.Query == "" || hit || ch.Checked:
			groups["more"] = append(groups["more"], ch)
		}
	}
	if len(groups["brought"]) > 0 {
		p.Groups = append(p.Groups, choiceGroup{Label: "page.procurement-new.group-brought", Hint: "page.procurement-new.group-brought-hint", Choices: groups["brought"]})
	}
	if len(groups["more"]) > 0 {
		p.Groups = append(p.Groups, choiceGroup{Label: "page.procurement-new.group-more", Choices: groups["more"]})
	}
}

func modelChoices(chosen []string, t *locale.Texts) []choiceGroup {
	g := choiceGroup{Label: "page.procurement-new.group-model"}
	for _, m := range catalogue.DeliveryModels() {
		g.Choices = append(g.Choices, choice{
			ID: fieldID("model-" + string(m)), Name: "model", Value: string(m), Text: t.T(termKey("model", m)),
			Description: t.T("page.procurement-new.model-" + string(m)), Checked: slices.Contains(chosen, string(m)),
		})
	}
	return []choiceGroup{g}
}

// flagChoices are what a body can raise by itself; the rest follows from tasks,
// information and levels.
func flagChoices(chosen []string, t *locale.Texts) choiceGroup {
	g := choiceGroup{Label: "page.procurement-new.group-flags", Hint: "page.procurement-new.group-flags-hint"}
	for _, f := range catalogue.Flags() {
		g.Choices = append(g.Choices, choice{
			ID: fieldID("flag-" + string(f)), Name: "flag", Value: string(f), Text: t.T(termKey("flag", f)),
			Description: t.T("page.procurement-new.flag-" + string(f)), Checked: slices.Contains(chosen, string(f)),
		})
	}
	return g
}
