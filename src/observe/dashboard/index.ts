/**
 * The dashboard: one page, live, that shows what an engine sees, what it did and with what proof, and what it did
 * not do and why.
 *
 * @module \@luminous-nix/self-healing/dashboard
 */
export { SimpleDashboard } from './simple-dashboard.js';
export type { DashboardOptions } from './options.js';
export type { Address, ListenOptions } from '../http/address.js';
export type { Handler } from '../http/http-server.js';
