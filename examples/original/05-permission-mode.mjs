// Configuration, Permission Modes.
import { getPermissionStatus } from '@luminous-nix/self-healing';

// was: os.environ['LUMINOUS_DEV_MODE'] = '1'
process.env.LUMINOUS_DEV_MODE = '1';

const { tier } = await getPermissionStatus();
console.log(tier);
