package engine

import "strings"

// Status is a stack or resource status.
type Status string

// The statuses of stacks and resources.
const (
	CreateInProgress                Status = "CREATE_IN_PROGRESS"
	CreateComplete                  Status = "CREATE_COMPLETE"
	CreateFailed                    Status = "CREATE_FAILED"
	RollbackInProgress              Status = "ROLLBACK_IN_PROGRESS"
	RollbackComplete                Status = "ROLLBACK_COMPLETE"
	RollbackFailed                  Status = "ROLLBACK_FAILED"
	UpdateInProgress                Status = "UPDATE_IN_PROGRESS"
	UpdateCleanupInProgress         Status = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
	UpdateComplete                  Status = "UPDATE_COMPLETE"
	UpdateFailed                    Status = "UPDATE_FAILED"
	UpdateRollbackInProgress        Status = "UPDATE_ROLLBACK_IN_PROGRESS"
	UpdateRollbackCleanupInProgress Status = "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"
	UpdateRollbackComplete          Status = "UPDATE_ROLLBACK_COMPLETE"
	UpdateRollbackFailed            Status = "UPDATE_ROLLBACK_FAILED"
	ReviewInProgress                Status = "REVIEW_IN_PROGRESS"
	DeleteInProgress                Status = "DELETE_IN_PROGRESS"
	DeleteComplete                  Status = "DELETE_COMPLETE"
	DeleteFailed                    Status = "DELETE_FAILED"
	DeleteSkipped                   Status = "DELETE_SKIPPED"
)

// Running says that an operation is under way. A stack in review has none: it only waits for a change set.
func (s Status) Running() bool {
	return strings.HasSuffix(string(s), "_IN_PROGRESS") && s != ReviewInProgress
}

// Updatable says that UpdateStack and change sets of type UPDATE are allowed.
func (s Status) Updatable() bool {
	switch s {
	case CreateComplete, UpdateComplete, UpdateRollbackComplete, UpdateFailed:
		return true
	}
	return false
}
