package template

// permission is AWS::Lambda::Permission. Its function is the qualified ARN: a permission without a
// qualifier does not cover an alias.
type permission struct {
	Action       string
	FunctionName value
	Principal    string
	SourceArn    value
}

func (permission) resourceType() string { return permissionType }

const permissionType = "AWS::Lambda::Permission"

// mayInvoke lets an AWS service invoke the function's live alias.
func mayInvoke(base, byService string, source value) permission {
	return permission{
		Action: "lambda:InvokeFunction", FunctionName: aliasARN(base), Principal: byService + ".amazonaws.com",
		SourceArn: source,
	}
}
