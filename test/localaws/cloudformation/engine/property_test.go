package engine_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/engine"
)

// drawTemplate draws up to five things; each may need things that come before it in the alphabet, so there is no cycle.
func drawTemplate(t *rapid.T) string {
	var entries []string
	var earlier []string
	for _, name := range []string{"A", "B", "C", "D", "E"} {
		if !rapid.Bool().Draw(t, name) && len(entries) > 0 {
			continue
		}
		needs := ""
		if len(earlier) > 0 && rapid.Bool().Draw(t, name+" needs another") {
			needs = `"DependsOn":"` + rapid.SampledFrom(earlier).Draw(t, name+" needs") + `",`
		}
		value := rapid.SampledFrom([]string{"one", "two", "three"}).Draw(t, name+" value")
		shape := rapid.SampledFrom([]string{"round", "square"}).Draw(t, name+" shape")
		entries = append(entries, fmt.Sprintf(`"%s":{"Type":"Test::Thing",%s"Properties":{"Value":"%s-%s","Shape":"%s"}}`,
			name, needs, value, shape, shape))
		earlier = append(earlier, name)
	}
	return resources(strings.Join(entries, ","))
}

// known lists what the stack says that exists, in the form of Living.
func known(view engine.View) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(view.Resources)) {
		r := view.Resources[name]
		list = append(list, r.PhysicalID+"="+r.Properties.Text("Value"))
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

func TestAStackIsEitherWhatWasAskedOrWhatItWas(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		g, w := NewWithT(t), newWorld(t)
		w.create(drawTemplate(rt))
		for range rapid.IntRange(1, 4).Draw(rt, "updates") {
			before, kept := w.things.Living(), w.settled().TemplateBody
			failing := rapid.SampledFrom([]string{"", "create", "update"}).Draw(rt, "what fails")
			victim := rapid.SampledFrom([]string{"A", "B", "C", "D", "E"}).Draw(rt, "where")
			asked := drawTemplate(rt)
			if failing != "" {
				w.things.FailOnce(failing+" "+victim, "as drawn")
			}
			view, err := w.tryUpdate(asked)
			w.things.Fail(failing+" "+victim, "")
			if err != nil {
				g.Expect(err).To(MatchError(ContainSubstring("No updates are to be performed.")))
				continue
			}
			g.Expect(known(view)).To(Equal(w.things.Living()), "nothing is forgotten and nothing imagined")
			if view.Status == engine.UpdateRollbackComplete {
				g.Expect(w.things.Living()).To(Equal(before))
				g.Expect(view.TemplateBody).To(Equal(kept))
				continue
			}
			g.Expect(view.Status).To(Equal(engine.UpdateComplete))
			g.Expect(view.TemplateBody).To(Equal(asked))
		}
	})
}
