import { register } from 'node:module'
import { installGlobals } from './world/globals.js'

// For `node --import`: from here on, some modules of the product are others (substitutes/hooks.ts), and time and chance are those
// of the simulated world. Before the product is loaded, since it may keep `Math.random` as it found it.
register('./substitutes/hooks.js', import.meta.url)
installGlobals()
