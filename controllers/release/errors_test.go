package release_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/controllers/release"
)

func TestTheWaysOfNotBeingDoneAreFoundBehindWrapping(t *testing.T) {
	wait := release.Wait("StackUpdated", "Progressing", time.Second, "stack %s is in %s", "app", "UPDATE_IN_PROGRESS")
	reject := release.Reject("StackUpdated", "StackRolledBack", "stack %s was rolled back", "app")
	if found, ok := release.AsWaiting(fmt.Errorf("taking the step: %w", wait)); !ok || found != wait {
		t.Errorf("found %v", found)
	}
	if found, ok := release.AsRejected(errors.Join(errors.New("something else"), reject)); !ok || found != reject {
		t.Errorf("found %v", found)
	}
	if _, ok := release.AsRejected(wait); ok {
		t.Error("a wait was taken for a refusal")
	}
	if _, ok := release.AsWaiting(nil); ok {
		t.Error("nothing was taken for a wait")
	}
	if wait.After != time.Second || wait.Message != "stack app is in UPDATE_IN_PROGRESS" {
		t.Errorf("the wait is %+v", wait)
	}
}
