require "rails_helper"

RSpec.describe CategoryTree do
  def names(nodes) = nodes.map { |node| [node.category.name, names(node.children)] }

  it "is empty without categories" do
    expect(described_class.load.roots).to eq([])
  end

  it "sorts siblings by sort_order, then by name ignoring case, then by id" do
    %w[beta Alpha gamma].each { |name| create(:category, name:, sort_order: 1) }
    create(:category, name: "Last", sort_order: 2)
    create(:category, name: "First", sort_order: 0)
    first = create(:category, name: "Same", slug: "same-1", sort_order: 3)
    second = create(:category, name: "Same", slug: "same-2", sort_order: 3)
    expect(described_class.load.roots.map { |node| node.category.name }).to eq(%w[First Alpha beta gamma Last Same Same])
    expect(described_class.load.roots.last(2).map { |node| node.category.id }).to eq([first.id, second.id])
  end

  it "puts children below their parents, whatever the order in which they came" do
    root = create(:category, name: "Root")
    child = create(:category, name: "Child", parent: root)
    create(:category, name: "Grandchild", parent: child)
    expect(names(described_class.load.roots)).to eq([["Root", [["Child", [["Grandchild", []]]]]]])
  end

  it "hides everything below an inactive category" do
    root = create(:category, name: "Root")
    hidden = create(:category, name: "Hidden", parent: root, active: false)
    create(:category, name: "Below", parent: hidden)
    expect(names(described_class.load.roots)).to eq([["Root", []]])
  end

  it "finds a node by its slug, with the ids of everything below it" do
    root = create(:category, name: "Root")
    child = create(:category, name: "Child", parent: root)
    grandchild = create(:category, name: "Grandchild", parent: child)
    create(:category, name: "Other", parent: root)
    expect(described_class.load.find("child").ids).to contain_exactly(child.id, grandchild.id)
  end

  it "doesn't find what visitors don't see" do
    create(:category, name: "Hidden", active: false)
    expect(described_class.load.find("hidden")).to be_nil
    expect(described_class.load.find("nothing")).to be_nil
  end

  it "takes one statement, whatever its depth" do
    parent = nil
    5.times { parent = create(:category, parent:) }
    expect { described_class.load.as_json }.to send_statements(at_most: 1)
  end
end
