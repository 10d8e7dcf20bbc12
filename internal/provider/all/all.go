// Package all lists the models of all providers. To add a provider, add a directory beside
// this one, a line here, and its settings and key in package accounts. This is a package of
// its own so that a function that only checks requests links no provider's client.
package all

import (
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/aimlapi/models"
)

// Models returns the models that a request can name.
func Models() catalogue.Models {
	return joined{
		models.Catalogue{},
	}
}

// joined is the union of several catalogues. If several have a name, the first one wins.
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
