import {Component, type ComponentChild, type FunctionComponent, h} from 'preact';

/** The component renders again only when one of its properties is another value, or a signal changes that it reads itself. */
export const memo = <Props extends object>(inner: FunctionComponent<Props>) =>
  class extends Component<Props> {
    override shouldComponentUpdate(next: Readonly<Props>): boolean {
      const before = new Map<string, unknown>(Object.entries(this.props));
      return Object.entries(next).some(([name, value]) => before.get(name) !== value);
    }
    override render(props: Readonly<Props>): ComponentChild {
      return h(inner, props);
    }
  };
