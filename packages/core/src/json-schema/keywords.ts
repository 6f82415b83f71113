import {
  boundOf,
  choicesOf,
  countOf,
  entriesOf,
  flagOf,
  type Given,
  listOf,
  namesOf,
  numberOf,
  own,
  positiveOf,
  schemaOf,
  schemasByName,
  schemasOf,
  someSchemasOf,
  textOf,
  typesOf,
} from './keyword-values.js'
import type { Schema } from './schema.js'

/** What each keyword becomes. */
export const keywords: { readonly [name: string]: (given: Given) => Schema } = {
  $ref: (given) => ({ ref: given.reader.follow(textOf(given), given.place) }),
  // Within one schema, which is all there can be, these lead to where a `$ref` leads.
  $dynamicRef: (given) => ({ ref: given.reader.follow(textOf(given), given.place) }),
  $recursiveRef: (given) => ({ ref: given.reader.follow(textOf(given), given.place) }),
  // Read, so that a mistake is found before anything refers to it.
  $defs: (given) => onlyRead(schemasByName(given)),
  definitions: (given) => onlyRead(schemasByName(given)),
  type: (given) => ({ types: typesOf(given) }),
  enum: (given) => ({ choices: choicesOf(listOf(given)) }),
  const: ({ value }) => ({ constant: choicesOf([value]) }),

  minimum: (given) => ({ minimum: numberOf(given) }),
  maximum: (given) => ({ maximum: numberOf(given) }),
  // In draft 4 these two were flags beside the bound.
  exclusiveMinimum: (given) => boundOf(given, 'minimum', (exclusiveMinimum) => ({ exclusiveMinimum })),
  exclusiveMaximum: (given) => boundOf(given, 'maximum', (exclusiveMaximum) => ({ exclusiveMaximum })),
  multipleOf: (given) => ({ multipleOf: positiveOf(given) }),

  minLength: (given) => ({ minLength: countOf(given) }),
  maxLength: (given) => ({ maxLength: countOf(given) }),
  pattern: (given) => ({ pattern: given.reader.pattern(textOf(given), given.place) }),

  minItems: (given) => ({ minItems: countOf(given) }),
  maxItems: (given) => ({ maxItems: countOf(given) }),
  uniqueItems: (given) => ({ uniqueItems: flagOf(given) }),
  prefixItems: (given) => ({ prefixItems: schemasOf(given) }),
  // Before 2020-12, a list of `items` was what `prefixItems` is, and the rest stood in `additionalItems`.
  items: (given) => (Array.isArray(given.value) ? { prefixItems: schemasOf(given) } : { items: schemaOf(given) }),
  additionalItems: (given) => (Array.isArray(own(given.raw, 'items')) ? { items: schemaOf(given) } : {}),
  contains: (given) => ({ contains: schemaOf(given) }),
  minContains: (given) => ({ minContains: countOf(given) }),
  maxContains: (given) => ({ maxContains: countOf(given) }),
  unevaluatedItems: (given) => ({ unevaluatedItems: schemaOf(given) }),

  minProperties: (given) => ({ minProperties: countOf(given) }),
  maxProperties: (given) => ({ maxProperties: countOf(given) }),
  required: (given) => ({ required: namesOf(given) }),
  properties: (given) => ({ properties: schemasByName(given) }),
  patternProperties: (given) => ({
    patternProperties: [...schemasByName(given)].map(([source, schema]) => ({
      pattern: given.reader.pattern(source, `${given.place}/${source}`),
      schema,
    })),
  }),
  additionalProperties: (given) => ({ additionalProperties: schemaOf(given) }),
  propertyNames: (given) => ({ propertyNames: schemaOf(given) }),
  dependentRequired: (given) => ({
    dependentRequired: new Map(entriesOf(given).map(([name, one]) => [name, namesOf(one)])),
  }),
  dependentSchemas: (given) => ({ dependentSchemas: schemasByName(given) }),
  // Before 2019-09, both in one.
  dependencies: (given) => {
    const entries = entriesOf(given)
    const lists = entries.filter(([, { value }]) => Array.isArray(value))
    const schemas = entries.filter(([, { value }]) => !Array.isArray(value))
    return {
      dependentRequired: new Map(lists.map(([name, one]) => [name, namesOf(one)])),
      dependentSchemas: new Map(schemas.map(([name, one]) => [name, schemaOf(one)])),
    }
  },
  unevaluatedProperties: (given) => ({ unevaluatedProperties: schemaOf(given) }),

  allOf: (given) => ({ allOf: someSchemasOf(given) }),
  anyOf: (given) => ({ anyOf: someSchemasOf(given) }),
  oneOf: (given) => ({ oneOf: someSchemasOf(given) }),
  not: (given) => ({ not: schemaOf(given) }),
  if: (given) => ({ condition: schemaOf(given) }),
  // biome-ignore lint/suspicious/noThenProperty: the name of the keyword; nobody awaits this table
  then: (given) => ({ whenMet: schemaOf(given) }),
  else: (given) => ({ whenNotMet: schemaOf(given) }),
}

function onlyRead(_schemas: unknown): Schema {
  return {}
}
