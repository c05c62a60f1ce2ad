package sandbox

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMetadataStoresNetNSAdopted(t *testing.T) {
	for _, adopted := range []bool{true, false} {
		data, err := json.Marshal(&Metadata{NetNSPath: "/run/netns/test", NetNSAdopted: adopted})
		require.NoError(t, err)
		var loaded Metadata
		require.NoError(t, json.Unmarshal(data, &loaded))
		assert.Equal(t, adopted, loaded.NetNSAdopted)
	}
}
