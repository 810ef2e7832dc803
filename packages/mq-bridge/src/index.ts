export type { DurableDelivery } from './engine/durable-export.js';
export type { BridgeSettings, ExportSettings, ImportSettings } from './engine/settings.js';
