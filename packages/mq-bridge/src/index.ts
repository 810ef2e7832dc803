export type { BridgeEvent } from './engine/local-side.js';
export type { BridgeLosses } from './engine/losses.js';
export type { DurableDelivery } from './engine/durable-export.js';
export type { BridgeSettings, BridgeTerms, ExportSettings, ImportSettings } from './engine/settings.js';
