// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"iter"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
)

// A Cedar policy whose scope does not fit a request is false, and cannot err: the scope
// is evaluated first, and needs nothing but the request and who is in what. The same is
// so for one that begins with "when { context.flow == ... }" and names another flow.
// A slice leaves out only such policies (docs/decisions/0015-slices.md).

// place is where a policy is found: the flow, action and object that it is for. A zero
// stands for every one.
type place struct {
	flow           string
	action, object cedar.EntityUID
}

// named policy.
type entry struct {
	id     cedar.PolicyID
	policy *cedar.Policy
}

// bucket is the policies of a place.
type bucket struct {
	anyone []entry                     // whose scope names no principal
	of     map[cedar.EntityUID][]entry // by the principal, group or zone that the scope names
}

// policySet is all policies of a bundle, by place.
type policySet struct {
	ids     map[cedar.PolicyID]bool
	buckets map[place]*bucket
}

func newPolicySet() *policySet {
	return &policySet{ids: map[cedar.PolicyID]bool{}, buckets: map[place]*bucket{}}
}

// add is false for an id that is there already.
func (s *policySet) add(id cedar.PolicyID, policy *cedar.Policy) bool {
	if s.ids[id] {
		return false
	}
	s.ids[id] = true
	tree := policy.AST()
	principal, possible := scoped(tree.Principal, subjectType)
	object, fits := scoped(tree.Resource, objectType)
	if !possible || !fits {
		return true // it is never true
	}
	flow := flowOf(tree.Conditions)
	for _, action := range actions(tree.Action) {
		at := place{flow, action, object}
		b := s.buckets[at]
		if b == nil {
			b = &bucket{of: map[cedar.EntityUID][]entry{}}
			s.buckets[at] = b
		}
		if principal == (cedar.EntityUID{}) {
			b.anyone = append(b.anyone, entry{id, policy})
		} else {
			b.of[principal] = append(b.of[principal], entry{id, policy})
		}
	}
	return true
}

// scoped is the entity that a scope wants its variable, of a type, to be or to be in;
// zero where any will do. It is not possible that a variable has another type.
func scoped(scope ast.IsScopeNode, kind cedar.EntityType) (entity cedar.EntityUID, possible bool) {
	switch scope := scope.(type) {
	case ast.ScopeTypeEq:
		return scope.Entity, true
	case ast.ScopeTypeIn:
		return scope.Entity, true
	case ast.ScopeTypeIs:
		return entity, scope.Type == kind
	case ast.ScopeTypeIsIn:
		return scope.Entity, scope.Type == kind
	default:
		return entity, true
	}
}

// actions are those that a scope names, each once; one zero for every action. No action
// is in another.
func actions(scope ast.IsActionScopeNode) []cedar.EntityUID {
	set, ok := scope.(ast.ScopeTypeInSet)
	if !ok {
		action, _ := scoped(scope, actionType)
		return []cedar.EntityUID{action}
	}
	seen := map[cedar.EntityUID]bool{}
	var all []cedar.EntityUID
	for _, action := range set.Entities {
		if !seen[action] {
			seen[action] = true
			all = append(all, action)
		}
	}
	return all
}

// flowOf is the flow that the first thing which is evaluated behind the scope asks for,
// empty for none.
func flowOf(conditions []ast.ConditionType) string {
	if len(conditions) == 0 || conditions[0].Condition != ast.ConditionWhen {
		return ""
	}
	first := conditions[0].Body
	for and, ok := first.(ast.NodeTypeAnd); ok; and, ok = first.(ast.NodeTypeAnd) {
		first = and.Left
	}
	equals, ok := first.(ast.NodeTypeEquals)
	if !ok {
		return ""
	}
	if path, ok := contextPath(equals.Left); !ok || len(path) != 1 || path[0] != "flow" {
		return ""
	}
	value, _ := equals.Right.(ast.NodeValue)
	name, _ := value.Value.(cedar.String)
	return string(name)
}

// slice is the policies that can be true for a flow, and what they look at.
type slice struct {
	action, object cedar.EntityUID
	buckets        []*bucket
	looks          looks
}

// slice finds the policies for a flow whose object is in some entities.
func (s *policySet) slice(f *Flow, parents []cedar.EntityUID) *slice {
	out := &slice{action: cedar.NewEntityUID(actionType, cedar.String(f.Action)), object: cedar.NewEntityUID(objectType, cedar.String(f.Object))}
	objects := append([]cedar.EntityUID{{}, out.object}, parents...)
	for _, flow := range []string{"", f.Name} {
		for _, action := range []cedar.EntityUID{{}, out.action} {
			for _, object := range objects {
				if b := s.buckets[place{flow, action, object}]; b != nil {
					out.buckets = append(out.buckets, b)
					out.looks.bucket(b)
				}
			}
		}
	}
	return out
}

// relevant is the policies of a slice for one principal.
type relevant struct {
	*slice
	principal cedar.EntityUID
	parents   []cedar.EntityUID
}

// All gives each policy once.
func (r relevant) All() iter.Seq2[cedar.PolicyID, *cedar.Policy] {
	return func(yield func(cedar.PolicyID, *cedar.Policy) bool) {
		for _, b := range r.buckets {
			if !each(b.anyone, yield) || !each(b.of[r.principal], yield) {
				return
			}
			for _, parent := range r.parents {
				if !each(b.of[parent], yield) {
					return
				}
			}
		}
	}
}

func each(list []entry, yield func(cedar.PolicyID, *cedar.Policy) bool) bool {
	for i := range list {
		if !yield(list[i].id, list[i].policy) {
			return false
		}
	}
	return true
}
