package template

import "maps"

import "encoding/json"

// Expand renders the deployed stack with the new functions' code and configuration and with what the new release needs
// in addition. All that has no versions and that the live release uses stays as it is, or takes the safer of both
// values: entry resources, the worker that drains a queue, schedules, the API. The edge serves both releases. No entry
// resource is added but for rules, which are disabled, and nothing is removed. deployed is nil on the first release.
func Expand(a App, deployed *Template, deployedParameters map[string]string) Rendering {
	t := a.manifest()
	for id, r := range t.Resources {
		switch {
		case r.entry():
			delete(t.Resources, id)
		case r.Type == ruleType: // one that is deployed stays as it is
			t.Resources[id] = withProperty(r, ruleState, ruleDisabled)
		}
	}
	values := a.stackParameters(deployedParameters, func(parameter, _ string) bool {
		return deployedParameters[parameter] == yes
	})
	return carry(t, values, deployed, deployedParameters, expanded)
}

// expanded gives a resource that is both deployed and wanted.
func expanded(deployed, want Resource) Resource {
	switch want.Type {
	case functionType:
		return withProperty(want, reservedConcurrency, saferConcurrency(deployed, want))
	case queueType:
		return patientQueue(deployed, want)
	case edgeFunction{}.resourceType(), distributionType, bucketPolicyType:
		// Before traffic moves: the new versions turn away who comes without what the edge says.
		return widened(deployed, want)
	default:
		return deployed
	}
}

const reservedConcurrency = "ReservedConcurrentExecutions"

// saferConcurrency never throttles the live release below what it has: no reservation leaves most
// room, then the larger one.
func saferConcurrency(deployed, want Resource) any {
	return larger(deployed.Properties[reservedConcurrency], want.Properties[reservedConcurrency], nil)
}

// patientQueue gives jobs the time and the attempts of the release that allows more of them.
func patientQueue(deployed, want Resource) Resource {
	r := withProperty(deployed, visibilityTimeout,
		larger(deployed.Properties[visibilityTimeout], want.Properties[visibilityTimeout],
			deployed.Properties[visibilityTimeout]))
	had, ok := deployed.Properties[redrivePolicy].(map[string]any)
	wanted, both := want.Properties[redrivePolicy].(map[string]any)
	if !ok || !both {
		return r
	}
	merged := with(had, maxReceiveCount, larger(had[maxReceiveCount], wanted[maxReceiveCount], had[maxReceiveCount]))
	return withProperty(r, redrivePolicy, merged)
}

// larger gives the larger of two numbers, or otherwise where one of them is none.
func larger(a, b, otherwise any) any {
	x, isNumber := a.(json.Number)
	y, bothNumbers := b.(json.Number)
	if !isNumber || !bothNumbers {
		return otherwise
	}
	m, err := x.Int64()
	n, err2 := y.Int64()
	switch {
	case err != nil || err2 != nil:
		return otherwise
	case n > m:
		return y
	default:
		return x
	}
}

func withProperty(r Resource, name string, v any) Resource {
	r.Properties = with(r.Properties, name, v)
	return r
}

// with gives a copy of an object with another member; nil removes it.
func with(object map[string]any, name string, v any) map[string]any {
	c := make(map[string]any, len(object)+1)
	maps.Copy(c, object)
	c[name] = v
	if v == nil {
		delete(c, name)
	}
	return c
}
