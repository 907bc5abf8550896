"""What a comparison costs beside the forwards that it cannot do without."""

from tests.benchmarks.measuring import bare, prepared_for, print_ratios, watched


def comparison() -> None:
    """Three networks on one photo with the maps of six stages, beside their bare forwards."""
    from cnn_explorer.cli_compare import layer_asked
    from cnn_explorer.cli_graph import graph_of
    from cnn_explorer.graph.alignment import align
    from cnn_explorer.media.decode import decode_file
    from cnn_explorer.networks.catalog import card_of
    from cnn_explorer.paths import resource
    from cnn_explorer.probe.comparison import Column, ColumnAsked, compare
    from cnn_explorer.probe.pool import SessionPool, Wanted

    cards = [card_of(name) for name in ("alexnet", "googlenet", "resnet18")]
    graphs = [graph_of(card) for card in cards]
    rows = align(graphs, "stride")
    asked = [
        ColumnAsked(
            Wanted(card), card.title, tuple(layer_asked(graph, row.layers[at]) for row in rows)
        )
        for at, (card, graph) in enumerate(zip(cards, graphs, strict=True))
    ]
    pool = SessionPool()
    forwards = []
    for column in asked:
        assert column.wanted.card is not None
        session, prepared = prepared_for(column.wanted.card.name)
        pool.adopt(column.wanted, session)
        forwards.append(bare(session, prepared))
    picture = decode_file(resource("samples", "photo-cat.jpg"))

    def compared() -> None:
        for column in compare(picture, asked, pool, watched):
            assert isinstance(column, Column)
            for row in range(len(rows)):
                column.cell(row, "mean")

    def bare_forwards() -> None:
        for forward in forwards:
            forward()

    name = "AlexNet, GoogLeNet, ResNet-18 compared / bare forwards"
    print_ratios(name, "1.1", compared, bare_forwards, 12)
