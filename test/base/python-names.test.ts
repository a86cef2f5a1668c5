import { describe, expect, it } from 'vitest';
import { refusePythonMethods, refusePythonNames } from '../../src/base/python-names.js';

const NAMES = { get_action: 'getAction' };
const nothing = () => undefined;

describe('an assignment to the Python name of a property', () => {
  class Part {}
  refusePythonNames(Part.prototype, NAMES);

  it('is refused with its name here', () => {
    expect(() => Object.assign(new Part(), { get_action: 1 })).toThrow(
      'Expected `get_action` to be left out: it is called `getAction` here, got `1` (number)',
    );
  });

  it('does not prevent reading it, listing keys or a field of a subclass', () => {
    class Own extends Part {
      get_action = 7;
    }
    expect((new Part() as { get_action?: unknown }).get_action).toBeUndefined();
    expect(Object.keys(Part.prototype)).toEqual([]);
    expect(new Own().get_action).toBe(7);
  });

  it('can be defined otherwise on the same prototype', () => {
    class Other {}
    refusePythonNames(Other.prototype, NAMES);
    Object.defineProperty(Other.prototype, 'get_action', { value: 7 });
    expect((new Other() as { get_action?: unknown }).get_action).toBe(7);
  });
});

describe('a method with its Python name', () => {
  class Base {
    getAction() {
      return nothing;
    }
  }
  class Python extends Base {
    get_action() {
      return nothing;
    }
  }
  class Both extends Base {
    override getAction() {
      return nothing;
    }
    get_action() {
      return nothing;
    }
  }
  class Nearer extends Python {
    override getAction() {
      return nothing;
    }
  }
  class Unrelated extends Python {
    other() {
      return nothing;
    }
  }

  it.each<[string, unknown]>([
    ['that an object defines', { get_action: nothing }],
    ['that a class defines over the name here', new Python()],
    ['that a superclass defines', new Unrelated()],
  ])('%s is refused', (_which, part) => {
    expect(() => refusePythonMethods('resolver', part, NAMES)).toThrow(
      'Expected `resolver.get_action` to be called `getAction`, got a function',
    );
  });

  it.each<[string, unknown]>([
    ['beside the name here', { get_action: nothing, getAction: nothing }],
    ['beside the name here, in a class', new Both()],
    ['below which a subclass overrides the name here', new Nearer()],
    ['that is no function', { get_action: 7 }],
    ['that does not exist', new Base()],
    ['of null', null],
    ['of a value that is no object', 'text'],
  ])('%s is accepted', (_which, part) => {
    expect(() => refusePythonMethods('resolver', part, NAMES)).not.toThrow();
  });
});
