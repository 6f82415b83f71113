import { register } from 'node:module'

// For `node --import`: from here on, some modules of the product are others (substitutes/hooks.ts).
register('./substitutes/hooks.js', import.meta.url)
