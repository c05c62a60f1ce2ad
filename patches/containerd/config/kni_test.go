package config

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestValidateKNINetNSDir(t *testing.T) {
	for dir, valid := range map[string]bool{
		"":             true,
		"/run/netns":   true,
		"/run/netns/":  false,
		"/run/../proc": false,
		"run/netns":    false,
	} {
		t.Run(dir, func(t *testing.T) {
			err := validateConfigWithNetNSDir(dir)
			if valid {
				assert.NoError(t, err)
			} else {
				assert.Error(t, err)
			}
		})
	}
}
