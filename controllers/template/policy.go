package template

const policyVersion = "2012-10-17"

type policyDocument struct {
	Version   string
	Statement []statement
}

type statement struct {
	Sid       string `json:",omitempty"`
	Effect    string
	Principal any                         `json:",omitempty"`
	Action    []string                    `json:",omitempty"`
	Resource  []value                     `json:",omitempty"`
	Condition map[string]map[string]value `json:",omitempty"`
}

func policy(statements ...statement) policyDocument {
	return policyDocument{Version: policyVersion, Statement: statements}
}

func allow(sid string, actions []string, resources ...value) statement {
	return statement{Sid: sid, Effect: "Allow", Action: actions, Resource: resources}
}

func service(name string) map[string]string {
	return map[string]string{"Service": name + ".amazonaws.com"}
}
