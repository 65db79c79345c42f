'use strict';

// Where the widgets of a dashboard stand: mosaic, grid, row and column layouts, on a CSS grid. On a narrow screen all
// stand below each other, in reading order.
(() => {
  const loyalty = (window.loyalty = window.loyalty || {});
  const { make } = loyalty.dom;

  const list = (value) => (Array.isArray(value) ? value : []);

  // [{widget, path, place: {x, y, width, height} | null}], and how many columns the grid has.
  function placed(dashboard) {
    if (dashboard.mosaicLayout) return mosaic(dashboard.mosaicLayout);
    if (dashboard.gridLayout) return grid(dashboard.gridLayout);
    if (dashboard.rowLayout) return lines(list(dashboard.rowLayout.rows), 'rowLayout', 'rows', true);
    if (dashboard.columnLayout) return lines(list(dashboard.columnLayout.columns), 'columnLayout', 'columns', false);
    return { columns: 1, tiles: [] };
  }

  function mosaic(layout) {
    const tiles = list(layout.tiles).map((tile, i) => ({
      widget: tile.widget || {}, path: ['mosaicLayout', 'tiles', i, 'widget'],
      place: { x: tile.xPos || 0, y: tile.yPos || 0, width: tile.width || 1, height: tile.height || 1 },
    }));
    tiles.sort((a, b) => a.place.y - b.place.y || a.place.x - b.place.x);
    return { columns: layout.columns || 12, tiles };
  }

  function grid(layout) {
    const columns = Number(layout.columns) || 1;
    const tiles = list(layout.widgets).map((widget, i) => ({
      widget, path: ['gridLayout', 'widgets', i], place: { x: i % columns, y: Math.floor(i / columns) * 16, width: 1, height: 16 },
    }));
    return { columns, tiles };
  }

  // Rows share the width evenly, columns the height; 60 columns can be shared by 1 to 6.
  function lines(all, layout, name, across) {
    const tiles = all.flatMap((line, i) => list(line.widgets).map((widget, j) => {
      const [along, many] = across ? [j, list(line.widgets).length] : [i, all.length];
      const width = Math.max(1, Math.floor(60 / many));
      return { widget, path: [layout, name, i, 'widgets', j], place: { x: along * width, y: (across ? i : j) * 16, width, height: 16 } };
    }));
    tiles.sort((a, b) => a.place.y - b.place.y || a.place.x - b.place.x);
    return { columns: 60, tiles };
  }

  // Fills `place`; calls draw(body, tile) for each widget.
  function build(place, dashboard, draw) {
    const { columns, tiles } = placed(dashboard);
    if (!tiles.length) place.append(make('p', { class: 'refused' }, 'This dashboard has no widgets.'));
    fill(place, tiles, columns, draw);
  }

  // A group has a grid of its own for the tiles that its rectangle covers, so the grid around it is cut in two there.
  function fill(place, tiles, columns, draw) {
    const groups = tiles.filter(isGroup);
    const around = (tile) => groups.find((group) => covers(group, tile, tiles) && !groups.some((outer) => covers(outer, group, tiles)));
    let run = [];
    const end = () => {
      if (run.length) place.append(gridOf(run, columns, draw));
      run = [];
    };
    for (const tile of tiles.filter((one) => !around(one))) {
      if (groups.includes(tile)) {
        end();
        const members = tiles.filter((one) => around(one) === tile);
        place.append(tile.widget.singleViewGroup ? singleOf(tile, members, columns, draw) : groupOf(tile, members, columns, draw));
      } else {
        run.push(tile);
      }
    }
    end();
  }

  // A grid's or a row's tiles cover nothing: there a group is a widget like others, which says that it is empty.
  const isGroup = (tile) => tile.path[0] === 'mosaicLayout' && Boolean(tile.widget.collapsibleGroup || tile.widget.singleViewGroup);

  // Of two groups on one rectangle the first covers the second, never both each other.
  function covers(group, tile, tiles) {
    if (group === tile || !contains(group.place, tile.place)) return false;
    return !isGroup(tile) || !contains(tile.place, group.place) || tiles.indexOf(group) < tiles.indexOf(tile);
  }

  function gridOf(tiles, columns, draw) {
    const top = tiles.reduce((least, tile) => Math.min(least, tile.place.y), Infinity);
    const element = make('div', { class: 'grid' }, ...tiles.map((tile) => tileOf(tile, top, draw)));
    element.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
    return element;
  }

  function contains(outer, inner) {
    return inner.x >= outer.x && inner.y >= outer.y && inner.x + inner.width <= outer.x + outer.width && inner.y + inner.height <= outer.y + outer.height;
  }

  function groupOf(tile, members, columns, draw) {
    const open = tile.widget.collapsibleGroup.collapsed !== true;
    const attributes = { class: 'group', open, 'data-widget': 'collapsibleGroup', 'data-title': tile.widget.title || '' };
    const element = make('details', attributes, make('summary', {}, tile.widget.title || 'Group'));
    fill(element, members, columns, draw);
    return element;
  }

  // One of the members is shown at a time, as wide as the group.
  function singleOf(tile, members, columns, draw) {
    const title = tile.widget.title || 'View';
    const views = members.map((member, i) => {
      const view = make('div', { hidden: i > 0 });
      fill(view, [{ ...member, place: { ...tile.place } }], columns, draw);
      return view;
    });
    const select = make('select', { onchange: () => views.forEach((view, i) => { view.hidden = i !== select.selectedIndex; }) },
      ...members.map((member, i) => make('option', {}, member.widget.title || `view ${i + 1}`)));
    return make('div', { class: 'group single', role: 'group', 'data-widget': 'singleViewGroup', 'data-title': tile.widget.title || '', 'aria-label': title },
      make('label', {}, `${title} `, select), members.length ? null : make('p', { class: 'note' }, 'Nothing stands in this group.'), ...views);
  }

  const CHARTS = new Set(['xyChart', 'alertChart', 'pieChart']);

  function tileOf(tile, top, draw) {
    const kind = loyalty.widgets.kindOf(tile.widget);
    const body = make('div', { class: 'body' });
    const title = tile.widget.title ? make('h2', {}, tile.widget.title) : null;
    const element = make(CHARTS.has(kind) ? 'figure' : 'div', { class: `tile ${kind}`, role: CHARTS.has(kind) ? null : 'group', 'data-widget': kind, 'data-title': tile.widget.title || '', 'aria-label': tile.widget.title || kind }, title, body);
    element.style.gridColumn = `${tile.place.x + 1} / span ${tile.place.width}`;
    element.style.gridRow = `${tile.place.y - top + 1} / span ${tile.place.height}`;
    draw(body, tile);
    return element;
  }

  loyalty.layout = { build };
})();
