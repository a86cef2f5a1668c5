import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import * as checks from '../src/checks/index.js';
import * as door from '../src/index.js';
import * as prometheus from '../src/observe/prometheus.js';
import * as testing from '../src/testing/index.js';

describe('the public API', () => {
  it('of the package root has exactly the documented values', () => {
    expect(Object.keys(door).sort()).toMatchInlineSnapshot(`
      [
        "BLOCK_REASONS",
        "DEFAULT_GUARDS",
        "GATE_MEANINGS",
        "IssueType",
        "MetricsServer",
        "NixOSPermissionHandler",
        "PROTECTED_UNITS",
        "SelfHealingEngine",
        "SelfHealingError",
        "Severity",
        "SimpleDashboard",
        "SimpleDetector",
        "SimpleResolver",
        "SimplifiedHealingEngine",
        "createSelfHealingEngine",
        "defineAction",
        "executeHealingAction",
        "fileStore",
        "getPermissionStatus",
        "isSelfHealingError",
        "isUnknown",
        "memoryStore",
        "quickHeal",
        "realClock",
        "silentLogger",
        "unknown",
        "verifyByCheck",
      ]
    `);
  });

  it('of the package root has at most 70 names, types included', () => {
    const path = new URL('../src/index.ts', import.meta.url);
    const source = ts.createSourceFile('index.ts', readFileSync(path, 'utf8'), ts.ScriptTarget.Latest);
    const names = source.statements.flatMap((one) =>
      ts.isExportDeclaration(one) && one.exportClause && ts.isNamedExports(one.exportClause)
        ? one.exportClause.elements.map(({ name }) => name.text)
        : [],
    );
    expect(source.statements.every(ts.isExportDeclaration)).toBe(true);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeLessThanOrEqual(70);
  });

  it('of the sub-path `prometheus` has exactly the documented values', () => {
    expect(Object.keys(prometheus)).toEqual(['prometheusMetrics']);
  });

  it('of the sub-path `checks` has exactly the documented values', () => {
    expect(Object.keys(checks).sort()).toEqual([
      ...[
        'clock',
        'command',
        'directory',
        'eventLoop',
        'file',
        'heap',
        'http',
        'part',
        'pressure',
        'process',
      ],
      ...['tcp', 'timer', 'tls', 'unixSocket', 'worker'],
    ]);
  });

  it('of the sub-path `testing` has exactly the documented values', () => {
    expect(Object.keys(testing).sort()).toMatchInlineSnapshot(`
      [
        "actionConformance",
        "checkConformance",
        "clockConformance",
        "detectorConformance",
        "executorConformance",
        "failedUnit",
        "fakeClock",
        "fakeExecutor",
        "fakeHost",
        "healScenario",
        "healthySnapshot",
        "hostConformance",
        "loggerConformance",
        "memoryReading",
        "mountReading",
        "nixosReading",
        "recordingLogger",
        "resolverConformance",
        "storeConformance",
        "systemIdentity",
        "systemReading",
        "unitReading",
        "unitRelations",
        "unknownSnapshot",
        "unknownUnit",
      ]
    `);
  });

  it('has constants with the documented values', () => {
    expect(door.IssueType).toEqual({ RESOURCE: 'resource', SERVICE: 'service', SYSTEM: 'system' });
    expect(door.Severity).toEqual({ LOW: 1, MEDIUM: 2, HIGH: 3, CRITICAL: 4 });
    expect(door.SelfHealingEngine).toBe(door.SimplifiedHealingEngine);
  });
});
