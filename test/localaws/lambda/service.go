package lambda

import (
	"net/http"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

func (l *Lambda) service() *wire.Service {
	return &wire.Service{
		Name:       "lambda",
		Protocol:   wire.RESTJSON(),
		Invalid:    wire.Sender("ValidationException"),
		Operations: append(l.functionOperations(), l.entryOperations()...),
		Resource:   l.resource,
		Action:     action,
		Close:      l.close,
	}
}

const (
	get, post, put, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete

	functions = "/2015-03-31/functions"
	one       = functions + "/{FunctionName}"
	mappings  = "/2015-03-31/event-source-mappings"
	invokes   = "/2019-09-25/functions/{FunctionName}/event-invoke-config"
)

func (l *Lambda) functionOperations() []wire.Operation {
	return []wire.Operation{
		wire.Write("CreateFunction", l.createFunction).At(post, functions).Answers(http.StatusCreated),
		wire.Read("ListFunctions", l.listFunctions).At(get, functions),
		wire.Read("GetFunction", l.getFunction).At(get, one),
		wire.Read("GetFunctionConfiguration", l.getConfiguration).At(get, one+"/configuration"),
		wire.Write("UpdateFunctionCode", l.updateCode).At(put, one+"/code"),
		wire.Write("UpdateFunctionConfiguration", l.updateConfiguration).At(put, one+"/configuration"),
		wire.Write("DeleteFunction", l.deleteFunction).At(del, one).Answers(http.StatusNoContent),
		wire.Write("PublishVersion", l.publishVersion).At(post, one+"/versions").Answers(http.StatusCreated),
		wire.Read("ListVersionsByFunction", l.listVersions).At(get, one+"/versions"),
		wire.Write("CreateAlias", l.createAlias).At(post, one+"/aliases").Answers(http.StatusCreated),
		wire.Read("ListAliases", l.listAliases).At(get, one+"/aliases"),
		wire.Read("GetAlias", l.getAlias).At(get, one+"/aliases/{Name}"),
		wire.Write("UpdateAlias", l.updateAlias).At(put, one+"/aliases/{Name}"),
		wire.Write("DeleteAlias", l.deleteAlias).At(del, one+"/aliases/{Name}").Answers(http.StatusNoContent),
		wire.Write("Invoke", l.invokeOperation).At(post, one+"/invocations"),
		wire.Read("GetAccountSettings", l.accountSettings).At(get, "/2016-08-19/account-settings"),
		wire.Write("TagResource", l.tagResource).At(post, "/2017-03-31/tags/{Resource+}").Answers(http.StatusNoContent),
		wire.Write("UntagResource", l.untagResource).At(del, "/2017-03-31/tags/{Resource+}").Answers(http.StatusNoContent),
		wire.Read("ListTags", l.listTags).At(get, "/2017-03-31/tags/{Resource+}"),
	}
}

// entryOperations are about what lets requests in, and how many.
func (l *Lambda) entryOperations() []wire.Operation {
	return []wire.Operation{
		wire.Write("AddPermission", l.addPermission).At(post, one+"/policy").Answers(http.StatusCreated),
		wire.Write("RemovePermission", l.removePermission).At(del, one+"/policy/{StatementId}").Answers(http.StatusNoContent),
		wire.Read("GetPolicy", l.getPolicy).At(get, one+"/policy"),
		wire.Write("PutFunctionConcurrency", l.putConcurrency).At(put, "/2017-10-31/functions/{FunctionName}/concurrency"),
		wire.Write("DeleteFunctionConcurrency", l.deleteConcurrency).At(del,
			"/2017-10-31/functions/{FunctionName}/concurrency").Answers(http.StatusNoContent),
		wire.Read("GetFunctionConcurrency", l.getConcurrency).At(get, "/2019-09-30/functions/{FunctionName}/concurrency"),
		wire.Write("PutFunctionEventInvokeConfig", l.putInvokeConfig).At(put, invokes),
		wire.Read("GetFunctionEventInvokeConfig", l.getInvokeConfig).At(get, invokes),
		wire.Write("DeleteFunctionEventInvokeConfig", l.deleteInvokeConfig).At(del, invokes).Answers(http.StatusNoContent),
		wire.Read("ListFunctionEventInvokeConfigs", l.listInvokeConfigs).At(get, invokes+"/list"),
		wire.Write("CreateEventSourceMapping", l.createMapping).At(post, mappings).Answers(http.StatusAccepted),
		wire.Read("ListEventSourceMappings", l.listMappings).At(get, mappings),
		wire.Read("GetEventSourceMapping", l.getMapping).At(get, mappings+"/{UUID}"),
		wire.Write("UpdateEventSourceMapping", l.updateMapping).At(put, mappings+"/{UUID}").Answers(http.StatusAccepted),
		wire.Write("DeleteEventSourceMapping", l.deleteMapping).At(del, mappings+"/{UUID}").Answers(http.StatusAccepted),
	}
}

// action differs from the operation's name for invocations alone.
func action(call *wire.Call) string {
	if call.Operation == "Invoke" {
		return "lambda:InvokeFunction"
	}
	return ""
}

// resource is the function's ARN with its qualifier, as identity policies see it.
func (l *Lambda) resource(call *wire.Call, in any) string {
	name, qualifier := call.Path["FunctionName"], ""
	if create, ok := in.(*createFunctionInput); ok {
		name = create.FunctionName
	}
	if q := call.HTTP.URL.Query().Get("Qualifier"); q != "" {
		qualifier = q
	}
	if name == "" {
		return "*"
	}
	ref, err := l.refer(call, name, qualifier)
	if err != nil {
		return "*"
	}
	return l.arn(ref.String())
}
