// The part of `badInputs` that is about blueprints and their definitions.

const colonyname = 'mill'
const nameless = '403 Access denied, the request names no colony: fill in its colonyname'
const metadata = { name: 'things', colonyname }
const handler = { executorType: 'reconciler', functionName: 'reconcile' }

export const badBlueprintInputs = [
  {
    payloadtype: 'addblueprintdefinitionmsg',
    by: 'owner',
    right: {
      blueprintdefinition: { metadata, spec: { names: { kind: 'Thing' }, schema: { type: 'object' }, handler } },
    },
    wrong: [
      ['blueprintdefinition', undefined, '403 Access denied, the request names no colony: fill in its colonyname'],
      ['blueprintdefinition.metadata.name', '', '400 blueprintdefinition.metadata.name must not be empty'],
      [
        'blueprintdefinition.metadata.name',
        'a:b',
        '400 blueprintdefinition.metadata.name must not contain a colon: "a:b"',
      ],
      ['blueprintdefinition.spec.names.kind', '', '400 blueprintdefinition.spec.names.kind must not be empty'],
      [
        'blueprintdefinition.blueprintdefinitionid',
        'X',
        '400 blueprintdefinition.blueprintdefinitionid must be 64 lower-case hex digits, or empty for a new one',
      ],
      [
        'blueprintdefinition.spec.handler.reconcileInterval',
        -1,
        '400 blueprintdefinition.spec.handler.reconcileInterval must not be negative',
      ],
      [
        'blueprintdefinition.spec.handler.executorType',
        'x'.repeat(250),
        '400 blueprintdefinition.spec.handler: executorType and functionName together must have at most 255 characters, has 260',
      ],
      ['blueprintdefinition.spec.schema', [], '400 blueprintdefinition.spec.schema must be an object, got a list'],
      [
        'blueprintdefinition.spec.schema',
        { properties: { a: { type: 'text' } } },
        '400 blueprintdefinition.spec.schema is no JSON Schema: #/properties/a/type must be one of string, number, integer, boolean, object, array, null, or a list of them',
      ],
      [
        'blueprintdefinition.spec.schema',
        { properties: { a: { pattern: '(a)\\1' } } },
        '400 blueprintdefinition.spec.schema is no JSON Schema: #/properties/a/pattern is a pattern that refers back to a group, which is not supported',
      ],
    ],
  },
  {
    payloadtype: 'getblueprintdefinitionsmsg',
    by: 'user',
    right: { colonyname },
    wrong: [['count', -1, '400 count must not be negative, got -1']],
  },
  {
    payloadtype: 'getblueprintsmsg',
    by: 'owner',
    right: { namespace: colonyname, kind: 'Thing' },
    wrong: [
      ['namespace', undefined, nameless],
      ['count', -1, '400 count must not be negative, got -1'],
    ],
  },
] as const
