package phase_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/tenant"
)

// moving is a stage whose worker and http function have two versions each, of which the first is live and was seen.
func moving(t *testing.T) *stage {
	t.Helper()
	s := withFunctions(t)
	s.released()
	for _, function := range s.Desired.Functions {
		s.configure(function.FullName, s.Desired.Description().String())
		s.Settled(function.FullName, "$LATEST")
	}
	s.Recorded.Run.Functions = nil
	s.released()
	for _, function := range s.Desired.Functions {
		_, err := s.Clients.Lambda.CreateAlias(t.Context(), &lambda.CreateAliasInput{
			FunctionName: aws.String(function.FullName), Name: aws.String(release.LiveAlias),
			FunctionVersion: aws.String("1"),
		})
		s.Must(err)
		s.see(function.Name)
	}
	return s
}

// alias reads the live alias of a function.
func (s *stage) alias(function string) *lambda.GetAliasOutput {
	s.t.Helper()
	got, err := s.Clients.Lambda.GetAlias(s.t.Context(), &lambda.GetAliasInput{
		FunctionName: aws.String(s.Names.Prefix + "-" + function), Name: aws.String(release.LiveAlias),
	})
	s.Must(err)
	return got
}

// live is the version that the alias of a function points at.
func (s *stage) live(function string) string {
	s.t.Helper()
	return aws.ToString(s.alias(function).FunctionVersion)
}

// see looks at the alias of a function, as the operator does.
func (s *stage) see(function string) {
	s.t.Helper()
	got := s.alias(function)
	s.Observed.Aliases[function] = release.Alias{
		Version: aws.ToString(got.FunctionVersion), RevisionID: aws.ToString(got.RevisionId),
	}
}

// touch is a write of someone else that changes nothing but the revision.
func (s *stage) touch(function string) {
	s.t.Helper()
	_, err := s.Clients.Lambda.UpdateAlias(s.t.Context(), &lambda.UpdateAliasInput{
		FunctionName: aws.String(s.Names.Prefix + "-" + function), Name: aws.String(release.LiveAlias),
		Description: aws.String("mine"),
	})
	s.Must(err)
}

func (s *stage) deleteAlias(function string) {
	s.t.Helper()
	_, err := s.Clients.Lambda.DeleteAlias(s.t.Context(), &lambda.DeleteAliasInput{
		FunctionName: aws.String(s.Names.Prefix + "-" + function), Name: aws.String(release.LiveAlias),
	})
	s.Must(err)
}

func step(action release.Action, function, before, after string) release.Step {
	return release.Step{Action: action, Phase: release.PhaseActivate, Move: &release.Move{
		Kind: release.MoveAlias, Name: function, Before: before, After: after, State: release.MovePending,
	}}
}

func move(function string) release.Step { return step(release.ActionMove, function, "1", "2") }

func revert(function string) release.Step { return step(release.ActionRevert, function, "1", "2") }

func TestAMoveIsOfOneFunctionAndTellsWhatAWSAnswered(t *testing.T) {
	s := moving(t)
	got := s.done(move("default-queue")).Alias
	if s.live("default-queue") != "2" || s.live("http") != "1" || s.live("cli") != "1" {
		t.Errorf("live are %s, %s and %s", s.live("default-queue"), s.live("http"), s.live("cli"))
	}
	if got == nil || got.Version != "2" || got.RevisionID != aws.ToString(s.alias("default-queue").RevisionId) {
		t.Errorf("told is %+v", got)
	}
	if seen := s.Observed.Aliases["default-queue"].Version; seen != "1" {
		t.Errorf("what was seen was changed to %s", seen)
	}
}

func TestAMoveGoesOnFromWhatTheLastOneAnswered(t *testing.T) {
	s := moving(t)
	s.Observed.Aliases["http"] = *s.done(move("http")).Alias
	if got := s.done(revert("http")).Alias; got == nil || got.Version != "1" || s.live("http") != "1" {
		t.Errorf("told is %+v, live is %s", got, s.live("http"))
	}
}

func TestAMoveIsTakenBackToTheVersionBefore(t *testing.T) {
	s := moving(t)
	s.done(move("default-queue"))
	s.see("default-queue")
	if got := s.done(revert("default-queue")).Alias; got == nil || got.Version != "1" {
		t.Errorf("told is %+v", got)
	}
	if s.live("default-queue") != "1" {
		t.Errorf("live is %s", s.live("default-queue"))
	}
}

func TestAnAliasThatSomeoneWroteInBetweenIsLeftAlone(t *testing.T) {
	for why, action := range map[string]func(string) release.Step{"a move": move, "taking one back": revert} {
		t.Run(why, func(t *testing.T) {
			s := moving(t)
			s.touch("http")
			if got := s.done(action("http")).Alias; got != nil {
				t.Errorf("told is %+v", got)
			}
			if s.live("http") != "1" {
				t.Error("it was moved although it is not as it was seen")
			}
		})
	}
}

func TestTheSameMoveAgainAfterACrashIsLeftToTheNextLook(t *testing.T) {
	s := moving(t)
	s.done(move("http"))
	revision := aws.ToString(s.alias("http").RevisionId)
	if got := s.done(move("http")).Alias; got != nil {
		t.Errorf("told is %+v", got)
	}
	if aws.ToString(s.alias("http").RevisionId) != revision {
		t.Error("it was written once more")
	}
}

func TestTheFirstMoveOfAFunctionMakesItsAlias(t *testing.T) {
	s := moving(t)
	s.deleteAlias("http")
	s.Observed.Aliases["http"] = release.Alias{}
	first := step(release.ActionMove, "http", "", "2")
	got := s.done(first).Alias
	if got == nil || got.Version != "2" || got.RevisionID != aws.ToString(s.alias("http").RevisionId) {
		t.Errorf("told is %+v", got)
	}
	if again := s.done(first).Alias; again != nil || s.live("http") != "2" {
		t.Errorf("after a crash told is %+v, live is %s", again, s.live("http"))
	}
}

func TestAnAliasThatNobodyHasSeenIsMade(t *testing.T) {
	s := moving(t)
	s.deleteAlias("http")
	delete(s.Observed.Aliases, "http")
	if got := s.done(step(release.ActionMove, "http", "", "2")).Alias; got == nil || s.live("http") != "2" {
		t.Errorf("told is %+v", got)
	}
}

func TestAnAliasThatSomeoneElseHasMadeMeanwhileIsLeftAlone(t *testing.T) {
	s := moving(t)
	s.Observed.Aliases["http"] = release.Alias{} // it was not there when it was looked at
	if got := s.done(step(release.ActionMove, "http", "", "2")).Alias; got != nil || s.live("http") != "1" {
		t.Errorf("told is %+v, live is %s", got, s.live("http"))
	}
}

func TestAWeightedAliasLosesItsWeights(t *testing.T) {
	for why, action := range map[string]func(string) release.Step{
		"when it is moved": move, "when it is taken back": revert,
	} {
		t.Run(why, func(t *testing.T) {
			s := moving(t)
			_, err := s.Clients.Lambda.UpdateAlias(t.Context(), &lambda.UpdateAliasInput{
				FunctionName: aws.String(s.Desired.HTTP().FullName), Name: aws.String(release.LiveAlias),
				RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{"2": 0.1}},
			})
			s.Must(err)
			s.see("http")
			s.done(action("http"))
			if got := s.alias("http").RoutingConfig; got != nil && len(got.AdditionalVersionWeights) > 0 {
				t.Errorf("it still has the weights %v", got.AdditionalVersionWeights)
			}
		})
	}
}

func TestALostAnswerOfAMoveIsAnErrorAndTheNextLookTells(t *testing.T) {
	s := moving(t)
	s.loseAnswer("lambda:UpdateAlias")
	contains(t, s.fails(move("http")).Error(),
		"pointing the alias of function "+s.Desired.HTTP().FullName+" at version 2")
	if s.live("http") != "2" {
		t.Errorf("live is %s", s.live("http"))
	}
	if got := s.done(move("http")).Alias; got != nil { // not as it was seen: the look that follows finds it done
		t.Errorf("told is %+v", got)
	}
}

func TestAMoveThatAWSRefusesIsAnError(t *testing.T) {
	for _, row := range []struct {
		why   string
		given func(*stage)
		step  release.Step
	}{
		{"the role has no right", func(s *stage) { s.Fault("lambda:UpdateAlias", "-http", tenant.Denied()) }, move("http")},
		{"the role has no right to make one", func(s *stage) {
			s.Observed.Aliases["http"] = release.Alias{}
			s.Fault("lambda:CreateAlias", "-http", tenant.Denied())
		}, move("http")},
		{"the version is gone", func(*stage) {}, step(release.ActionMove, "http", "1", "9")},
		{"the alias is gone", func(s *stage) { s.deleteAlias("http") }, move("http")},
	} {
		t.Run(row.why, func(t *testing.T) {
			s := moving(t)
			row.given(s)
			contains(t, s.fails(row.step).Error(), s.Desired.HTTP().FullName)
		})
	}
}
