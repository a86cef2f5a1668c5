import { createSelfHealingEngine } from '@luminous-nix/self-healing';
import { failedUnit, fakeHost } from '@luminous-nix/self-healing/testing';

const host = fakeHost({ units: [failedUnit({ name: 'nginx' })] });
const engine = createSelfHealingEngine({ host, services: ['nginx'], dryRun: true });
try {
  const [result] = await engine.detectAndHeal();
  console.log(JSON.stringify(result.issue,null,1), JSON.stringify(result.plan,null,1));
} finally {
  await engine.close();
}
