package localaws_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aws/smithy-go"

	"github.com/aloft-dev/aloft/test/localaws"
	"github.com/aloft-dev/aloft/test/localaws/model"
)

// TestEveryOperationIsHeldToItsModel fails where an operation was added and the table was not generated again.
func TestEveryOperationIsHeldToItsModel(t *testing.T) {
	table, err := model.Constraints()
	if err != nil {
		t.Fatal(err)
	}
	for service, operations := range start(t, localaws.Options{}).Operations() {
		for _, name := range operations {
			known := table[service] != nil
			if known {
				_, known = table[service].Operations[name]
			}
			if !known && !strings.HasPrefix(name, "Local") {
				t.Errorf("the table has no %s:%s: go generate ./test/localaws/model", service, name)
			}
		}
	}
}

func TestWhatTheServicesModelsRefuseIsRefused(t *testing.T) {
	server := start(t, localaws.Options{})
	for _, row := range slices.Concat(violationsOfLambda(), violationsOfCloudFormation(), violationsOfS3(),
		violationsOfIdentities(), violationsOfOthers()) {
		err := row.call(t.Context(), once(server.Config()))
		var refused smithy.APIError
		if !errors.As(err, &refused) || refused.ErrorCode() != row.code || !strings.Contains(refused.ErrorMessage(),
			row.says) {
			t.Errorf("%s: %v, want %s: %s", row.what, err, row.code, row.says)
		}
	}
	if len(server.Calls().Effects()) > 0 {
		t.Errorf("what was refused had an effect: %v", server.Calls().Effects().Names())
	}
}
