// Package providers has the models of all providers. It is a package of its own, and short,
// because it is the one place that names each provider's models; a new provider is a
// line here.
package providers

import (
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/aimlapi/models"
)

// Models gives the models that a request can name.
func Models() catalogue.Models {
	return joined{
		models.Catalogue{},
	}
}

// joined are the models of several catalogues. Of a name that several have, the first
// one's counts.
type joined []catalogue.Models

func (j joined) Names() []string {
	var names []string
	for _, each := range j {
		names = append(names, each.Names()...)
	}
	return names
}

func (j joined) Find(name string) (catalogue.Model, bool) {
	for _, each := range j {
		if model, ok := each.Find(name); ok {
			return model, true
		}
	}
	return catalogue.Model{}, false
}
