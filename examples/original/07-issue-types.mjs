// Components, Issue Types.
import { IssueType } from '@luminous-nix/self-healing';

// was: RESOURCE = "resource", SERVICE = "service", SYSTEM = "system"
console.log(IssueType.RESOURCE, IssueType.SERVICE, IssueType.SYSTEM);
