// Usage Examples, Example 2: Custom Healing Logic.
import { SimplifiedHealingEngine, SimpleResolver, IssueType, Severity } from '@luminous-nix/self-healing';

// was: class CustomResolver(SimpleResolver):
class CustomResolver extends SimpleResolver {
  // was: def get_action(self, issue: Issue) -> Dict[str, Any]:
  getAction(issue) {
    // was: if issue.component == "my_special_service":
    if (issue.component === 'my_special_service') {
      return { action: 'custom_restart', parameters: { service: issue.component, waitTime: 10 } };
    }
    // was: return super().get_action(issue)
    return super.getAction(issue);
  }
}

const engine = new SimplifiedHealingEngine();
// was: engine.resolver = CustomResolver()
engine.resolver = new CustomResolver();

for (const component of ['my_special_service', 'nginx']) {
  const { action } = engine.resolver.getAction({
    type: IssueType.SERVICE,
    severity: Severity.HIGH,
    description: `${component} does not answer`,
    component,
    metricValue: 0,
    threshold: 1,
    timestamp: new Date(),
  });
  console.log(`${component}: ${action}`);
}
