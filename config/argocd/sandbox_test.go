package argocd_test

import (
	"context"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// run executes a script as Argo CD does: the object as the global obj, one second, and only the libraries package,
// base, table and a safe part of os. There is no string and no math.
func run(t *testing.T, script string, object map[string]any) (lua.LValue, error) {
	t.Helper()
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	t.Cleanup(state.Close)
	for name, open := range map[string]lua.LGFunction{
		lua.LoadLibName: lua.OpenPackage, lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable,
		lua.OsLibName: openSafeOS,
	} {
		if err := state.CallByParam(lua.P{Fn: state.NewFunction(open), Protect: true}, lua.LString(name)); err != nil {
			t.Fatalf("opening library %s: %v", name, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	t.Cleanup(cancel)
	state.SetContext(ctx)
	state.SetGlobal("obj", toLua(state, object))
	err := state.DoString(script)
	return state.Get(-1), err
}

// openSafeOS leaves of os what Argo CD leaves: time and date.
func openSafeOS(state *lua.LState) int {
	lua.OpenOs(state)
	full := state.Get(-1).(*lua.LTable)
	safe := state.NewTable()
	for _, name := range []string{"time", "date"} {
		safe.RawSetString(name, full.RawGetString(name))
	}
	state.SetGlobal(lua.OsLibName, safe)
	return 1
}

func toLua(state *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case bool:
		return lua.LBool(value)
	case string:
		return lua.LString(value)
	case int64:
		return lua.LNumber(value)
	case float64:
		return lua.LNumber(value)
	case []any:
		table := state.NewTable()
		for _, element := range value {
			table.Append(toLua(state, element))
		}
		return table
	case map[string]any:
		table := state.NewTable()
		for key, element := range value {
			table.RawSetString(key, toLua(state, element))
		}
		return table
	default:
		return lua.LNil
	}
}

func toGo(value lua.LValue) any {
	switch value := value.(type) {
	case lua.LBool:
		return bool(value)
	case lua.LString:
		return string(value)
	case lua.LNumber:
		return float64(value)
	case *lua.LTable:
		if value.MaxN() > 0 {
			var list []any
			value.ForEach(func(_, element lua.LValue) { list = append(list, toGo(element)) })
			return list
		}
		object := map[string]any{}
		value.ForEach(func(key, element lua.LValue) { object[key.String()] = toGo(element) })
		return object
	default:
		return nil
	}
}
