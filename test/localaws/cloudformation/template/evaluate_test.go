package template_test

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/template"
)

// evaluate resolves one expression in a template with a few names to refer to.
func evaluate(t *testing.T, expression string) (any, error) {
	t.Helper()
	g := NewWithT(t)
	body := `{"Parameters":{"P":{"Type":"String"},"L":{"Type":"CommaDelimitedList"}},
		"Mappings":{"M":{"one":{"two":"three"}}},
		"Conditions":{"Yes":{"Fn::Equals":["1",1]},"No":{"Fn::Not":[{"Condition":"Yes"}]}},
		"Resources":{"A":{"Type":"T"},"N":{"Type":"T"},"X":{"Type":"T","Properties":{"V":` + expression + `}}}}`
	parsed, err := template.Parse(body)
	if err != nil {
		return nil, err
	}
	parameters := map[string]any{"P": "p", "L": []any{"a", "b"}}
	pseudo := map[string]string{"AWS::Region": "eu-central-1", "AWS::StackName": "demo"}
	conditions, err := parsed.EvaluateConditions(parameters, pseudo)
	g.Expect(err).NotTo(HaveOccurred())
	scope := &template.Scope{
		Parameters: parameters, Pseudo: pseudo, Mappings: parsed.Mappings, Conditions: conditions,
		Resource: func(name string) (template.Values, bool) {
			return template.Values{Ref: "id-" + name, Attributes: map[string]any{"Arn": "arn:a", "Endpoint.Port": "80"},
				Pending: name == "N"}, true
		},
	}
	properties, err := scope.ResolveProperties(parsed.Resources["X"].Properties)
	if err != nil {
		return nil, err
	}
	return properties["V"], nil
}

func TestIntrinsicFunctions(t *testing.T) {
	rows := []struct {
		why, expression string
		want            any
	}{
		{"Ref of a parameter", `{"Ref":"P"}`, "p"},
		{"Ref of a list parameter", `{"Ref":"L"}`, []any{"a", "b"}},
		{"Ref of a resource", `{"Ref":"A"}`, "id-A"},
		{"Ref of a pseudo parameter", `{"Ref":"AWS::Region"}`, "eu-central-1"},
		{"NoValue removes the property", `{"Ref":"AWS::NoValue"}`, nil},
		{"NoValue removes the entry", `["x",{"Ref":"AWS::NoValue"},"y"]`, []any{"x", "y"}},
		{"GetAtt as a list", `{"Fn::GetAtt":["A","Arn"]}`, "arn:a"},
		{"GetAtt as a string", `{"Fn::GetAtt":"A.Arn"}`, "arn:a"},
		{"GetAtt of a nested attribute", `{"Fn::GetAtt":["A","Endpoint.Port"]}`, "80"},
		{"Sub with names and attributes", `{"Fn::Sub":"${AWS::StackName}/${P}/${A}/${A.Arn}"}`, "demo/p/id-A/arn:a"},
		{"Sub with its own variables", `{"Fn::Sub":["${X}-${P}",{"X":{"Fn::Join":["+",["1","2"]]}}]}`, "1+2-p"},
		{"Sub leaves an escaped variable", `{"Fn::Sub":"${!P}"}`, "${P}"},
		{"Join of what a function lists", `{"Fn::Join":["-",{"Ref":"L"}]}`, "a-b"},
		{"Join leaves removed values out", `{"Fn::Join":["-",["a",{"Ref":"AWS::NoValue"},"b"]]}`, "a-b"},
		{"Select", `{"Fn::Select":[1,{"Fn::Split":["-","x-y"]}]}`, "y"},
		{"If takes one branch only", `{"Fn::If":["Yes","y",{"Fn::Select":["9",[]]}]}`, "y"},
		{"If of a condition that does not hold", `{"Fn::If":["No","y","n"]}`, "n"},
		{"FindInMap", `{"Fn::FindInMap":["M","one","two"]}`, "three"},
		{"Base64", `{"Fn::Base64":"hello"}`, "aGVsbG8="},
		{"a condition key of a policy document is data", `{"Condition":{"Bool":{"aws:SecureTransport":"false"}}}`,
			map[string]any{"Condition": map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}}}},
		{"what does not exist yet is not known", `{"Fn::Join":["",["x",{"Fn::GetAtt":["N","Arn"]}]]}`,
			template.Unknown{By: []string{"N"}}},
	}
	for _, row := range rows {
		got, err := evaluate(t, row.expression)
		g := NewWithT(t)
		g.Expect(err).NotTo(HaveOccurred(), row.why)
		if row.want == nil {
			g.Expect(got).To(BeNil(), row.why)
			continue
		}
		g.Expect(got).To(Equal(row.want), row.why)
	}
}

func TestExpressionsThatCannotBeEvaluated(t *testing.T) {
	rows := []struct{ why, expression, message string }{
		{"unknown function", `{"Fn::Nothing":"x"}`, "unsupported function Fn::Nothing"},
		{"unknown attribute", `{"Fn::GetAtt":["A","Colour"]}`, "resource A does not support attribute type Colour"},
		{"index out of range", `{"Fn::Select":[2,["a"]]}`, "Fn::Select cannot select nonexistent value at index 2"},
		{"missing mapping", `{"Fn::FindInMap":["M","one","x"]}`, "Unable to get mapping for M::one::x"},
		{"join of a string", `{"Fn::Join":["-","x"]}`, "list of strings to be joined"},
		{"sub of a list", `{"Fn::Sub":["x"]}`, "Fn::Sub intrinsic functions don't specify expected arguments"},
		{"undeclared name inside Sub", `{"Fn::Sub":"${Nobody}"}`, "Unresolved resource dependencies [Nobody]"},
	}
	for _, row := range rows {
		_, err := evaluate(t, row.expression)
		NewWithT(t).Expect(err).To(MatchError(ContainSubstring(row.message)), row.why)
	}
}

func TestConditions(t *testing.T) {
	rows := []struct {
		why, expression string
		want            bool
	}{
		{"And needs all", `{"Fn::And":[{"Fn::Equals":["a","a"]},{"Fn::Equals":["a","b"]}]}`, false},
		{"Or needs one", `{"Fn::Or":[{"Fn::Equals":["a","a"]},{"Fn::Equals":["a","b"]}]}`, true},
		{"Or of none", `{"Fn::Or":[{"Fn::Equals":["a","c"]},{"Fn::Equals":["a","b"]}]}`, false},
		{"a parameter", `{"Fn::Equals":[{"Ref":"P"},"p"]}`, true},
	}
	for _, row := range rows {
		g := NewWithT(t)
		parsed, err := template.Parse(`{"Parameters":{"P":{"Type":"String"}},"Conditions":{"C":` + row.expression +
			`},"Resources":{"A":{"Type":"T"}}}`)
		g.Expect(err).NotTo(HaveOccurred(), row.why)
		got, err := parsed.EvaluateConditions(map[string]any{"P": "p"}, nil)
		g.Expect(err).NotTo(HaveOccurred(), row.why)
		g.Expect(got["C"]).To(Equal(row.want), row.why)
	}
}

func TestAConditionDecidesWhatIsPartOfTheStack(t *testing.T) {
	g := NewWithT(t)
	parsed, err := template.Parse(`{"Conditions":{"No":{"Fn::Equals":["a","b"]}},"Resources":{
		"Off":{"Type":"T","Condition":"No"},
		"DependsOnIt":{"Type":"T","DependsOn":["Off","Base"]},
		"MightReadIt":{"Type":"T","Properties":{"V":{"Fn::If":["No",{"Ref":"Off"},{"Ref":"Base"}]}}},
		"Base":{"Type":"T"}}}`)
	g.Expect(err).NotTo(HaveOccurred())
	conditions, err := parsed.EvaluateConditions(nil, nil)
	g.Expect(err).NotTo(HaveOccurred())
	graph, err := parsed.Graph(conditions)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(graph.Needs).To(Equal(map[string][]string{"Base": nil, "DependsOnIt": {"Base"}, "MightReadIt": {"Base"}}))
	g.Expect(graph.Order).To(Equal([]string{"Base", "DependsOnIt", "MightReadIt"}))
}

func TestACycleNamesOnlyItsMembers(t *testing.T) {
	g := NewWithT(t)
	parsed, err := template.Parse(`{"Resources":{
		"A":{"Type":"T","DependsOn":"B"},"B":{"Type":"T","DependsOn":"C"},"C":{"Type":"T","DependsOn":"A"},
		"Before":{"Type":"T"},"After":{"Type":"T","DependsOn":["A","Before"]}}}`)
	g.Expect(err).NotTo(HaveOccurred())
	_, err = parsed.Graph(nil)
	g.Expect(err).To(MatchError("Circular dependency between resources: [A, B, C]"))
}

func TestYAMLIsReadWithItsShortForms(t *testing.T) {
	g := NewWithT(t)
	parsed, err := template.Parse(strings.Join([]string{
		"Resources:", "  A:", "    Type: T", "    Properties:", "      V: !Sub '${AWS::Region}-x'", "      W: !GetAtt B.Arn",
		"      N: 5", "      B: true", "      J: !Join [',', [!Ref B, y]]", "  B:", "    Type: T",
	}, "\n"))
	g.Expect(err).NotTo(HaveOccurred())
	scope := &template.Scope{Pseudo: map[string]string{"AWS::Region": "r"},
		Resource: func(string) (template.Values, bool) {
			return template.Values{Ref: "b", Attributes: map[string]any{"Arn": "arn"}}, true
		}}
	got, err := scope.ResolveProperties(parsed.Resources["A"].Properties)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(got).To(And(HaveKeyWithValue("V", "r-x"), HaveKeyWithValue("W", "arn"), HaveKeyWithValue("B", true),
		HaveKeyWithValue("J", "b,y")))
	g.Expect(template.Scalar(got["N"])).To(Equal("5"))
}

func TestTemplatesHaveLimits(t *testing.T) {
	g := NewWithT(t)
	many := func(n int, entry string) string {
		var list []string
		for i := range n {
			list = append(list, `"X`+string(rune('A'+i/26%26))+string(rune('A'+i%26))+string(rune('A'+i/676))+`":`+entry)
		}
		return strings.Join(list, ",")
	}
	_, err := template.Parse(`{"Resources":{` + many(500, `{"Type":"T"}`) + `}}`)
	g.Expect(err).NotTo(HaveOccurred())
	_, err = template.Parse(`{"Resources":{` + many(501, `{"Type":"T"}`) + `}}`)
	g.Expect(err).To(MatchError(ContainSubstring("501, is greater than maximum allowed, 500")))
	_, err = template.Parse(`{"Parameters":{` + many(201, `{"Type":"String"}`) + `},"Resources":{"A":{"Type":"T"}}}`)
	g.Expect(err).To(MatchError(ContainSubstring("201, is greater than maximum allowed, 200")))
	_, err = template.Parse(`{"Outputs":{` + many(201, `{"Value":"x"}`) + `},"Resources":{"A":{"Type":"T"}}}`)
	g.Expect(err).To(MatchError(ContainSubstring("201, is greater than maximum allowed, 200")))
}

func TestParametersCheckTheirValues(t *testing.T) {
	rows := []struct{ why, declaration, value, message string }{
		{"pattern", `"AllowedPattern":"[a-z]+"`, "A", "must match pattern [a-z]+"},
		{"the pattern covers the whole value", `"AllowedPattern":"[a-z]+"`, "aA", "must match pattern"},
		{"too short", `"MinLength":2`, "a", "length constraint"},
		{"its own words", `"MaxLength":1,"ConstraintDescription":"one letter"`, "aa",
			"failed to satisfy constraint: one letter"},
		{"too long for any parameter", `"Default":""`, strings.Repeat("x", 4097), "4096"},
	}
	for _, row := range rows {
		g := NewWithT(t)
		parsed, err := template.Parse(`{"Parameters":{"P":{"Type":"String",` + row.declaration +
			`}},"Resources":{"A":{"Type":"T"}}}`)
		g.Expect(err).NotTo(HaveOccurred(), row.why)
		g.Expect(parsed.Parameters["P"].Check("P", row.value)).To(MatchError(ContainSubstring(row.message)), row.why)
	}
	number := template.Parameter{Type: "Number"}
	NewWithT(t).Expect(number.Check("P", "many")).To(MatchError(ContainSubstring("must be a number")))
}
