// Package template reads CloudFormation templates and evaluates them: a pure model without stacks, clients or clocks.
//
// Rules encoded (CloudFormation user guide, "Template reference" and "Quotas"):
//   - at most 500 resources, 200 parameters and 200 outputs; logical names are alphanumeric;
//   - unknown top-level sections and resource attributes are refused, never ignored;
//   - a reference to a name that is not declared, or that its condition leaves out, is an unresolved dependency;
//   - DependsOn a resource that its condition leaves out is ignored;
//   - only the taken branch of Fn::If is evaluated;
//   - AWS::NoValue removes the property or list entry that it is the value of;
//   - cycles between resources are refused.
package template
