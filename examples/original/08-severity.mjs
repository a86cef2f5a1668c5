// Components, Severity Levels.
import { Severity } from '@luminous-nix/self-healing';

// was: LOW = 1, MEDIUM = 2, HIGH = 3, CRITICAL = 4
console.log(Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL);
