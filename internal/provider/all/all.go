// Package all lists the providers' models. A new provider is a folder beside this one, a
// line here, and its settings and key in package accounts. It is short, and a package of its
// own, so that a function that only checks requests links no provider's client.
package all

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
