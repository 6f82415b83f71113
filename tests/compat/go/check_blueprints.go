package main

import "github.com/colonyos/colonies/pkg/core"

var definitionChecks = []check{
	{"AddBlueprintDefinition",
		func() {
			by := newMember()
			wanted := by.definition()
			added := must(server.AddBlueprintDefinition(wanted, ours.key))
			equal(added.Spec.Names.Kind, wanted.Spec.Names.Kind)
			equal(added.Spec.Handler.ExecutorType, by.name)
			holds(added.ID != "", "it has an id")
		},
		func() {
			by := newMember()
			definition := by.addDefinition()
			again := by.definition()
			again.Metadata.Name = definition.Metadata.Name
			refused(400, "duplicate key")(server.AddBlueprintDefinition(again, ours.key))
			denied(server.AddBlueprintDefinition(by.definition(), by.key))
		}},
	{"GetBlueprintDefinition",
		func() {
			by := newMember()
			definition := by.addDefinition()
			equal(must(server.GetBlueprintDefinition(ours.name, definition.Metadata.Name, by.key)).ID, definition.ID)
		},
		func() {
			by := newMember()
			missing(server.GetBlueprintDefinition(ours.name, newName("definition"), by.key))
			denied(server.GetBlueprintDefinition(ours.name, by.addDefinition().Metadata.Name, stranger))
		}},
	{"GetBlueprintDefinitions",
		func() {
			by := newColony().newMember()
			equal(len(must(server.GetBlueprintDefinitions(by.colony.name, by.key))), 0)
			by.addDefinition()
			equal(len(must(server.GetBlueprintDefinitions(by.colony.name, by.key))), 1)
		},
		func() { denied(server.GetBlueprintDefinitions(ours.name, stranger)) }},
	{"GetBlueprintDefinitionByKind",
		func() {
			by := newMember()
			definition := by.addDefinition()
			kind := definition.Spec.Names.Kind
			equal(must(server.GetBlueprintDefinitionByKind(ours.name, kind, by.key)).ID, definition.ID)
			holds(must(server.GetBlueprintDefinitionByKind(ours.name, newName("Kind"), by.key)) == nil, "none has it")
		},
		func() { denied(server.GetBlueprintDefinitionByKind(ours.name, newName("Kind"), stranger)) }},
	{"RemoveBlueprintDefinition",
		func() {
			by := newMember()
			name := by.addDefinition().Metadata.Name
			done(server.RemoveBlueprintDefinition(ours.name, name, ours.key))
			missing(server.GetBlueprintDefinition(ours.name, name, by.key))
		},
		func() {
			by := newMember()
			missing(server.RemoveBlueprintDefinition(ours.name, newName("definition"), ours.key))
			definition := by.addDefinition()
			denied(server.RemoveBlueprintDefinition(ours.name, definition.Metadata.Name, by.key))
			must(server.AddBlueprint(blueprintOf(definition), by.key))
			refused(409, "still exist")(server.RemoveBlueprintDefinition(ours.name, definition.Metadata.Name, ours.key))
		}},
}

// definition is one whose blueprints this executor reconciles.
func (by member) definition() *core.BlueprintDefinition {
	kind := newName("Kind")
	wanted := core.CreateBlueprintDefinition(
		newName("definition"), "example.com", "v1", kind, kind+"s", "Namespaced", by.name, "reconcile")
	wanted.Metadata.ColonyName = by.colony.name
	wanted.Spec.Schema = &core.ValidationSchema{
		Type:       "object",
		Properties: map[string]core.SchemaProperty{"image": {Type: "string"}, "replicas": {Type: "number"}},
		Required:   []string{"image"},
	}
	return wanted
}

func (by member) addDefinition() *core.BlueprintDefinition {
	return must(server.AddBlueprintDefinition(by.definition(), by.colony.key))
}

func blueprintOf(definition *core.BlueprintDefinition) *core.Blueprint {
	wanted := core.CreateBlueprint(definition.Spec.Names.Kind, newName("blueprint"), definition.Metadata.ColonyName)
	wanted.SetSpec("image", "nginx")
	wanted.SetSpec("replicas", 2.0)
	return wanted
}

func (by member) addBlueprint() *core.Blueprint {
	return must(server.AddBlueprint(blueprintOf(by.addDefinition()), by.key))
}

// reconciled expects the next process of a reconciler, and closes it.
func (by member) reconciled(funcname, blueprint string) *core.Process {
	process := by.run()
	equal(process.FunctionSpec.FuncName, funcname)
	equal(process.FunctionSpec.KwArgs["blueprintName"].(string), blueprint)
	return process
}

var blueprintChecks = []check{
	{"AddBlueprint",
		func() {
			by := newMember()
			wanted := blueprintOf(by.addDefinition())
			added := must(server.AddBlueprint(wanted, by.key))
			equal(added.Spec["image"].(string), "nginx")
			holds(added.ID != "", "it has an id")
			by.reconciled("reconcile", wanted.Metadata.Name)
		},
		func() {
			by := newMember()
			definition := by.addDefinition()
			wanted := blueprintOf(definition)
			denied(server.AddBlueprint(wanted, stranger))
			must(server.AddBlueprint(wanted, by.key))
			again := blueprintOf(definition)
			again.Metadata.Name = wanted.Metadata.Name
			refused(409, "already exists")(server.AddBlueprint(again, by.key))
			wrong := blueprintOf(definition)
			wrong.SetSpec("image", 7)
			refused(400, "image")(server.AddBlueprint(wrong, by.key))
			nowhere := blueprintOf(definition)
			nowhere.Kind = newName("Kind")
			refused(400, "not found")(server.AddBlueprint(nowhere, by.key))
		}},
	{"GetBlueprint",
		func() {
			by := newMember()
			added := by.addBlueprint()
			equal(must(server.GetBlueprint(ours.name, added.Metadata.Name, by.key)).ID, added.ID)
		},
		func() {
			by := newMember()
			missing(server.GetBlueprint(ours.name, newName("blueprint"), by.key))
			denied(server.GetBlueprint(ours.name, by.addBlueprint().Metadata.Name, stranger))
		}},
	{"GetBlueprints",
		func() {
			by := newColony().newMember()
			added := by.addBlueprint()
			by.addBlueprint()
			equal(len(must(server.GetBlueprints(by.colony.name, "", by.key))), 2)
			ofKind := must(server.GetBlueprints(by.colony.name, added.Kind, by.key))
			equal(len(ofKind), 1)
			equal(ofKind[0].ID, added.ID)
		},
		func() { denied(server.GetBlueprints(ours.name, "", stranger)) }},
	{"GetBlueprintsByLocation",
		func() {
			by := newMember()
			definition := by.addDefinition()
			there := blueprintOf(definition)
			there.Metadata.LocationName = newName("location")
			must(server.AddBlueprint(there, by.key))
			must(server.AddBlueprint(blueprintOf(definition), by.key))
			found := must(server.GetBlueprintsByLocation(ours.name, there.Kind, there.Metadata.LocationName, by.key))
			equal(len(found), 1)
			equal(found[0].Metadata.Name, there.Metadata.Name)
		},
		func() { denied(server.GetBlueprintsByLocation(ours.name, newName("Kind"), "", stranger)) }},
	{"UpdateBlueprint",
		func() {
			by := newMember()
			added := by.addBlueprint()
			by.reconciled("reconcile", added.Metadata.Name)
			generation := added.Metadata.Generation
			added.SetSpec("replicas", 3.0) // counts the generation up by itself
			updated := must(server.UpdateBlueprint(added, by.key))
			equal(updated.Metadata.Generation, generation+1)
			equal(updated.Spec["replicas"].(float64), 3)
			by.reconciled("reconcile", added.Metadata.Name)
		},
		func() {
			by := newMember()
			added := by.addBlueprint()
			denied(server.UpdateBlueprint(added, stranger))
			added.SetSpec("image", 7)
			refused(400, "image")(server.UpdateBlueprint(added, by.key))
			added.SetSpec("image", "nginx")
			added.Metadata.Name = newName("blueprint")
			missing(server.UpdateBlueprint(added, by.key))
		}},
	{"UpdateBlueprintWithForce",
		func() {
			by := newMember()
			added := by.addBlueprint()
			same := must(server.UpdateBlueprintWithForce(added, false, by.key))
			equal(same.Metadata.Generation, added.Metadata.Generation)
			forced := must(server.UpdateBlueprintWithForce(same, true, by.key))
			equal(forced.Metadata.Generation, added.Metadata.Generation+1)
		},
		func() { denied(server.UpdateBlueprintWithForce(newMember().addBlueprint(), true, stranger)) }},
	{"UpdateBlueprintStatus",
		func() {
			by := newMember()
			name := by.addBlueprint().Metadata.Name
			done(server.UpdateBlueprintStatus(ours.name, name, map[string]any{"running": 2.0}, by.key))
			equal(must(server.GetBlueprint(ours.name, name, by.key)).Status["running"].(float64), 2)
		},
		func() {
			by := newMember()
			name := by.addBlueprint().Metadata.Name
			denied(server.UpdateBlueprintStatus(ours.name, name, map[string]any{}, stranger))
			missing(server.UpdateBlueprintStatus(ours.name, newName("blueprint"), map[string]any{}, by.key))
		}},
	{"GetBlueprintHistory",
		func() {
			by := newMember()
			added := by.addBlueprint()
			added.SetSpec("replicas", 3.0)
			must(server.UpdateBlueprint(added, by.key))
			history := must(server.GetBlueprintHistory(added.ID, 10, by.key))
			equal(len(history), 2)
			equal(history[0].ChangeType, "update")
			equal(history[1].ChangeType, "create")
			equal(history[0].ChangedBy, by.id())
			equal(len(must(server.GetBlueprintHistory(added.ID, 1, by.key))), 1)
		},
		func() {
			by := newMember()
			missing(server.GetBlueprintHistory(unknownID, 10, by.key))
			refused(403, "")(server.GetBlueprintHistory(by.addBlueprint().ID, 10, stranger))
		}},
	{"ReconcileBlueprint",
		func() {
			by := newMember()
			name := by.addBlueprint().Metadata.Name
			by.reconciled("reconcile", name)
			submitted := must(server.ReconcileBlueprint(ours.name, name, true, by.key))
			process := by.reconciled("reconcile", name)
			equal(process.ID, submitted.ID)
			equal(process.FunctionSpec.KwArgs["force"].(bool), true)
		},
		func() {
			by := newMember()
			missing(server.ReconcileBlueprint(ours.name, newName("blueprint"), false, by.key))
			denied(server.ReconcileBlueprint(ours.name, by.addBlueprint().Metadata.Name, false, stranger))
		}},
	{"RemoveBlueprint",
		func() {
			by := newMember()
			added := by.addBlueprint()
			by.reconciled("reconcile", added.Metadata.Name)
			done(server.RemoveBlueprint(ours.name, added.Metadata.Name, by.key))
			missing(server.GetBlueprint(ours.name, added.Metadata.Name, by.key))
			by.reconciled("cleanup", added.Metadata.Name)
		},
		func() {
			by := newMember()
			missing(server.RemoveBlueprint(ours.name, newName("blueprint"), by.key))
			denied(server.RemoveBlueprint(ours.name, by.addBlueprint().Metadata.Name, stranger))
		}},
}
