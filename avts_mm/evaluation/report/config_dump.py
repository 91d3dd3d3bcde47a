"""Configs as mmengine leaves them in work directories."""

import ast
from pathlib import Path
from typing import Any


def read_config(path: Path) -> dict:
    """Read a config as mmengine dumps it, without running it.

    Raises:
        ValueError: It holds more than literals and ``dict(...)``.
    """
    try:
        tree = ast.parse(path.read_text(encoding='utf-8'))
        return {
            statement.targets[0].id: _literal(statement.value)
            for statement in tree.body
        }
    except (AttributeError, SyntaxError, ValueError) as error:
        raise ValueError(
            f'{path.name} is not a config as mmengine writes it: {error}'
        ) from error


def _literal(node: ast.expr) -> Any:
    if isinstance(node, ast.Call):
        if getattr(node.func, 'id', '') != 'dict' or node.args:
            raise ValueError(f'line {node.lineno} calls something')
        return {word.arg: _literal(word.value) for word in node.keywords}
    if isinstance(node, ast.Dict):
        return {
            ast.literal_eval(key): _literal(value)
            for key, value in zip(node.keys, node.values)
        }
    if isinstance(node, (ast.List, ast.Tuple)):
        return [_literal(entry) for entry in node.elts]
    if isinstance(node, ast.Name):  # inf, nan
        return float(node.id)
    return ast.literal_eval(node)
